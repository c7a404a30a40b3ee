//! Writing modules: the parts of one that stay as they are, and the one that counts what runs.

use std::collections::BTreeMap;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, MemArg,
    MemArgTarget, MemorySection, MemoryType, StartSection, TableSection, TypeSection, ValType,
};

use super::body::Body;
use super::cut;
use super::data::Run;
use super::module::{Module, index, kind};
use super::text;

/// A page of WebAssembly's memory.
const PAGE: u64 = 65_536;

/// Renumbers functions.
struct Numbers<'a>(&'a BTreeMap<u32, u32>);

impl Reencode for Numbers<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.0.get(&function).copied().unwrap_or(u32::MAX))
    }
}

/// A module that marks which of its pieces have run.
pub(super) struct Instrumented {
    pub bytes: Vec<u8>,
    /// Where in its memory there is a byte for each piece, in order.
    pub marks: u64,
}

/// The module with more memory, in which each piece of a function sets a byte when it runs.
pub(super) fn instrumented(
    module: &Module<'_>,
    bodies: &[Body<'_>],
) -> Result<Instrumented, String> {
    let mut parts = Parts::of(module)?;
    let memory = parts.memories.first_mut().ok_or("a module without memory")?;
    let pieces: usize = bodies.iter().map(|body| body.pieces.len()).sum();
    let marks = memory.minimum * PAGE;
    memory.minimum += (pieces as u64).div_ceil(PAGE);
    for ty in module.functions.iter().skip(module.functions.len() - bodies.len()) {
        parts.functions.function(*ty);
    }
    let mut mark = marks;
    for body in bodies {
        let whole = cut::whole(body)?;
        let mut function = wasm_encoder::Function::new_with_locals_types(whole.locals);
        let mut pieces = body.pieces.iter().map(|piece| piece.start).peekable();
        for (position, instruction) in whole.instructions.iter().enumerate() {
            if pieces.next_if_eq(&position).is_some() {
                for set in set(mark) {
                    function.instruction(&set);
                }
                mark += 1;
            }
            function.instruction(instruction);
        }
        parts.code.function(&function);
    }
    if let Some(section) = &module.data {
        RoundtripReencoder.parse_data_section(&mut parts.data, section.clone()).map_err(text)?;
    }
    let same: BTreeMap<u32, u32> = (0..index(module.functions.len())).map(|n| (n, n)).collect();
    Ok(Instrumented { bytes: parts.finish(module, &same)?, marks })
}

fn set(offset: u64) -> [Instruction<'static>; 3] {
    let place = MemArg { offset, align: 0, target: MemArgTarget::Memory(0), ordering: None };
    [Instruction::I32Const(0), Instruction::I32Const(1), Instruction::I32Store8(place)]
}

/// Data segments, each at its address.
pub(super) fn data(runs: &[Run]) -> DataSection {
    let mut data = DataSection::new();
    for run in runs {
        let place = ConstExpr::i32_const(run.address.cast_signed());
        data.active(0, &place, run.bytes.iter().copied());
    }
    data
}

/// The sections of a module that is written.
#[derive(Default)]
pub(super) struct Parts {
    pub types: TypeSection,
    pub imports: ImportSection,
    pub functions: FunctionSection,
    pub tables: TableSection,
    pub memories: Vec<MemoryType>,
    pub globals: GlobalSection,
    /// Exports beside those of the module.
    pub more_exports: Vec<(String, ExportKind, u32)>,
    /// A table of those that are added, and the functions in it.
    pub more_elements: Option<(u32, Vec<u32>)>,
    pub code: CodeSection,
    pub data: DataSection,
}

impl Parts {
    /// All but functions, code and what names them.
    pub(super) fn of(module: &Module<'_>) -> Result<Self, String> {
        let mut parts = Self { types: module.types.clone(), ..Self::default() };
        for import in &module.imports {
            let ty = RoundtripReencoder.entity_type(import.ty).map_err(text)?;
            parts.imports.import(import.module, import.name, ty);
        }
        if let Some(section) = &module.own_tables {
            RoundtripReencoder
                .parse_table_section(&mut parts.tables, section.clone())
                .map_err(text)?;
        }
        for memory in &module.memories {
            parts.memories.push(RoundtripReencoder.memory_type(*memory).map_err(text)?);
        }
        if let Some(section) = &module.own_globals {
            RoundtripReencoder
                .parse_global_section(&mut parts.globals, section.clone())
                .map_err(text)?;
        }
        Ok(parts)
    }

    pub(super) fn global(&mut self, value: i32) {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        self.globals.global(ty, &ConstExpr::i32_const(value));
    }

    pub(super) fn finish(
        self,
        module: &Module<'_>,
        numbers: &BTreeMap<u32, u32>,
    ) -> Result<Vec<u8>, String> {
        let renumber = |function: u32| numbers.get(&function).copied().unwrap_or(u32::MAX);
        let mut exports = ExportSection::new();
        for export in &module.exports {
            let kind = kind(export.kind)?;
            let number =
                if kind == ExportKind::Func { renumber(export.index) } else { export.index };
            exports.export(export.name, kind, number);
        }
        for (name, kind, number) in &self.more_exports {
            exports.export(name, *kind, *number);
        }
        let mut out = wasm_encoder::Module::new();
        out.section(&self.types).section(&self.imports).section(&self.functions);
        out.section(&self.tables);
        let mut memories = MemorySection::new();
        for memory in &self.memories {
            memories.memory(*memory);
        }
        out.section(&memories).section(&self.globals).section(&exports);
        if let Some(start) = module.start {
            out.section(&StartSection { function_index: renumber(start) });
        }
        let mut elements = ElementSection::new();
        if let Some(section) = &module.elements {
            Numbers(numbers).parse_element_section(&mut elements, section.clone()).map_err(text)?;
        }
        if let Some((table, functions)) = self.more_elements {
            let start = ConstExpr::i32_const(0);
            elements.active(Some(table), &start, Elements::Functions(functions.into()));
        }
        out.section(&elements);
        if module.data_count.is_some() {
            out.section(&DataCountSection { count: self.data.len() });
        }
        out.section(&self.code).section(&self.data);
        Ok(out.finish())
    }
}
