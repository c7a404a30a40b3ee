//! Random modules, split by one set of calls, answer every other call as they did whole.

use std::borrow::Cow;
use std::fs;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, DataSection, DataSymbolDefinition,
    ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Instruction,
    LinkingSection, MemArg, MemArgTarget, MemorySection, MemoryType, SymbolTable, TypeSection,
    ValType,
};

use super::body::Body;
use super::module::Module;
use super::{parts, write};
use crate::shell::{command, root};

/// How many modules, and how many functions each has.
const MODULES: u64 = 100;
const FUNCTIONS: u32 = 4;
/// Where the data begins; below it functions keep numbers.
const DATA: u32 = 1024;
/// Pieces of data with a symbol, and the bytes of each.
const SYMBOLS: u32 = 6;
const SIZE: u32 = 8;
/// Locals of a function: two parameters and some more.
const LOCALS: u32 = 6;

#[test]
fn a_split_module_answers_as_the_whole_one() {
    let stage = std::env::temp_dir().join(format!("vidro-split-{}", std::process::id()));
    fs::create_dir_all(&stage).unwrap();
    let play = |what: &str| {
        let script = root().join("xtask/src/split/tests.mjs");
        let output = command("node").arg(script).arg(&stage).arg(what).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let modules: Vec<Vec<u8>> = (1..=MODULES).map(|seed| Random(seed).module()).collect();
    for (number, bytes) in modules.iter().enumerate() {
        let module = Module::parse(bytes).unwrap();
        let counting = write::instrumented(&module, &bodies(&module)).unwrap();
        fs::write(stage.join(format!("{number}.whole.wasm")), bytes).unwrap();
        fs::write(stage.join(format!("{number}.marking.wasm")), counting.bytes).unwrap();
    }
    play("rehearse");
    let mut cut = 0;
    for (number, bytes) in modules.iter().enumerate() {
        let module = Module::parse(bytes).unwrap();
        let bodies = bodies(&module);
        let memory = fs::read(stage.join(format!("{number}.memory"))).unwrap();
        let pieces: usize = bodies.iter().map(|body| body.pieces.len()).sum();
        let ran: Vec<bool> = memory[65_536..][..pieces].iter().map(|mark| *mark == 1).collect();
        cut += ran.iter().filter(|ran| !**ran).count();
        let split = parts::split(&module, &bodies, &ran).unwrap();
        fs::write(stage.join(format!("{number}.first.wasm")), split.first).unwrap();
        fs::write(stage.join(format!("{number}.rest.wasm")), split.rest).unwrap();
    }
    assert!(cut > 100, "too little was left out for a test: {cut} pieces");
    assert_eq!(play("compare").trim(), "0 of 4400 answers differ");
    fs::remove_dir_all(&stage).unwrap();
}

fn bodies<'a>(module: &Module<'a>) -> Vec<Body<'a>> {
    let numbered = (module.imported..).zip(&module.bodies);
    numbered.map(|(number, body)| Body::parse(module, number, body).unwrap()).collect()
}

/// A small generator of numbers, and of programs with them.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap()
    }

    fn local(&mut self) -> Instruction<'static> {
        Instruction::LocalGet(self.below(LOCALS))
    }

    /// A module with its linker's list of where it names data.
    fn module(&mut self) -> Vec<u8> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        types.ty().function([ValType::I32; 2], [ValType::I32]);
        let (mut memories, mut globals) = (MemorySection::new(), GlobalSection::new());
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let fuel = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(fuel, &ConstExpr::i32_const(0));
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0).export("fuel", ExportKind::Global, 0);
        let mut code = CodeSection::new();
        for number in 0..FUNCTIONS {
            functions.function(0);
            exports.export(&format!("f{number}"), ExportKind::Func, number);
            code.function(&self.function());
        }
        let mut data = DataSection::new();
        let bytes: Vec<u8> = (0..SYMBOLS * SIZE).map(|_| self.below(255) as u8 + 1).collect();
        data.active(0, &ConstExpr::i32_const(DATA as i32), bytes);
        let mut symbols = SymbolTable::new();
        for number in 0..SYMBOLS {
            let place = DataSymbolDefinition { index: 0, offset: number * SIZE, size: SIZE };
            symbols.data(0, &format!("d{number}"), Some(place));
        }
        let mut linking = LinkingSection::new();
        linking.symbol_table(&symbols);
        // The section that the list is about, its length, and for each entry: kind, offset, symbol, addend.
        let mut list = vec![0, SYMBOLS as u8];
        list.extend((0..SYMBOLS as u8).flat_map(|number| [3, 0, number, 0]));
        let mut out = wasm_encoder::Module::new();
        out.section(&types).section(&functions).section(&memories).section(&globals);
        out.section(&exports).section(&code).section(&data).section(&linking);
        out.section(&CustomSection { name: "reloc.CODE".into(), data: Cow::Owned(list) });
        out.finish()
    }

    fn function(&mut self) -> Function {
        let mut out = vec![];
        burn(&mut out);
        self.statements(&mut out, &mut vec![true], 4);
        out.extend((0..LOCALS).map(Instruction::LocalGet));
        out.extend((1..LOCALS).map(|_| Instruction::I32Xor));
        out.push(Instruction::End);
        let mut function = Function::new([(LOCALS - 2, ValType::I32)]);
        for instruction in &out {
            function.instruction(instruction);
        }
        function
    }

    /// Statements inside labels, of which some want a value.
    fn statements(
        &mut self,
        out: &mut Vec<Instruction<'static>>,
        labels: &mut Vec<bool>,
        deep: u32,
    ) {
        for _ in 0..self.below(5) + 2 {
            match self.below(if deep == 0 { 4 } else { 9 }) {
                0 | 1 => self.assignment(out),
                2 => self.jump(out, labels),
                3 => self.memory(out),
                4 => {
                    out.extend([
                        self.local(),
                        self.local(),
                        Instruction::Call(self.below(FUNCTIONS)),
                    ]);
                    out.push(Instruction::LocalSet(self.below(LOCALS)));
                }
                5 => {
                    out.push(Instruction::Loop(BlockType::Empty));
                    burn(out);
                    self.inside(out, labels, false, deep);
                    out.extend([self.local(), Instruction::BrIf(0), Instruction::End]);
                }
                6 => {
                    // A value waits on the stack around a block with a value of its own.
                    out.extend([self.local(), Instruction::Block(BlockType::Result(ValType::I32))]);
                    self.inside(out, labels, true, deep);
                    out.extend([self.local(), Instruction::End, Instruction::I32Add]);
                    out.push(Instruction::LocalSet(self.below(LOCALS)));
                }
                _ => {
                    out.push(Instruction::Block(BlockType::Empty));
                    self.inside(out, labels, false, deep);
                    out.push(Instruction::End);
                }
            }
        }
    }

    fn inside(
        &mut self,
        out: &mut Vec<Instruction<'static>>,
        labels: &mut Vec<bool>,
        value: bool,
        deep: u32,
    ) {
        labels.push(value);
        self.statements(out, labels, deep - 1);
        labels.pop();
    }

    fn assignment(&mut self, out: &mut Vec<Instruction<'static>>) {
        let operations =
            [Instruction::I32Add, Instruction::I32Mul, Instruction::I32Sub, Instruction::I32LtU];
        let constant = self.below(9) as i32;
        out.extend([self.local(), Instruction::I32Const(constant), self.local()]);
        out.extend([Instruction::I32Add, operations[self.below(4) as usize].clone()]);
        out.push(Instruction::LocalSet(self.below(LOCALS)));
    }

    /// A jump on a condition, or one of several behind a condition.
    fn jump(&mut self, out: &mut Vec<Instruction<'static>>, labels: &[bool]) {
        let depths = u32::try_from(labels.len()).unwrap();
        // Most jumps are short, or few statements would ever run.
        let depth = if self.below(4) == 0 { self.below(depths) } else { 0 };
        let value = labels[labels.len() - 1 - depth as usize];
        let condition =
            [self.local(), Instruction::I32Const(self.below(5) as i32), Instruction::I32LtS];
        if value {
            out.push(self.local());
            out.extend(condition);
            out.extend([Instruction::BrIf(depth), Instruction::Drop]);
        } else if self.below(2) == 0 {
            let plain = |depth: &u32| !labels[labels.len() - 1 - *depth as usize];
            let targets: Vec<u32> = (0..depths).filter(plain).map(|depth| depth + 1).collect();
            out.push(Instruction::Block(BlockType::Empty));
            out.extend(condition);
            out.extend([Instruction::BrIf(0), self.local()]);
            out.extend([Instruction::BrTable(targets.into(), depth + 1), Instruction::End]);
        } else {
            out.extend(condition);
            out.push(Instruction::BrIf(depth));
        }
    }

    /// Reads data or a number that was kept, or keeps one.
    fn memory(&mut self, out: &mut Vec<Instruction<'static>>) {
        let at = |offset: u32| MemArg {
            offset: offset.into(),
            align: 0,
            target: MemArgTarget::Memory(0),
            ordering: None,
        };
        let mask = Instruction::I32Const(SIZE as i32 - 1);
        out.extend([self.local(), mask, Instruction::I32And]);
        match self.below(3) {
            0 => {
                out.push(self.local());
                out.push(Instruction::I32Store8(at(0)));
                return;
            }
            1 => out.push(Instruction::I32Load8U(at(0))),
            _ => out.push(Instruction::I32Load8U(at(DATA + SIZE * self.below(SYMBOLS)))),
        }
        out.push(Instruction::LocalSet(self.below(LOCALS)));
    }
}

/// Returns when a call has gone on for too long.
fn burn(out: &mut Vec<Instruction<'static>>) {
    out.extend([
        Instruction::GlobalGet(0),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::GlobalSet(0),
        Instruction::Block(BlockType::Empty),
        Instruction::GlobalGet(0),
        Instruction::I32Const(0),
        Instruction::I32GtS,
        Instruction::BrIf(0),
        Instruction::LocalGet(0),
        Instruction::Return,
        Instruction::End,
    ]);
}
