//! The two parts of a module: what ran, and the rest.
//!
//! In the first part each function of the rest that is named there has a stub in its place: it makes sure
//! that the rest is loaded and calls through a table which the rest fills. A function of the first part that
//! comes where it never went does the same. The rest takes everything else that it needs, memory, tables,
//! globals and functions, from the exports of the first part, and brings the data that only it names.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, Function,
    FunctionSection, ImportSection, Instruction, RefType, TableType, ValType,
};

use super::body::Body;
use super::cut::{self, Code};
use super::data;
use super::module::{Module, Signature, count, index, kind};
use super::text;
use super::write::{self, Parts};

/// The JavaScript function that loads the rest, as the first part imports it.
const LOADER: (&str, &str) = ("rest", "load");
/// The module name under which the rest imports the first part's exports.
const FIRST: &str = "first";
/// The table of entries into the rest.
const ENTRIES: &str = "e";
/// The table of functions that the rest borrows: thousands, which would all need a name as exports.
const LENT: &str = "f";
/// Stands for the number of the function that loads the rest once, until it has one.
const ENSURE: u32 = u32::MAX;

/// The two modules.
pub(super) struct Split {
    pub first: Vec<u8>,
    pub rest: Vec<u8>,
}

/// Everything that is decided before anything is written.
#[derive(Default)]
struct Plan<'a> {
    /// The functions with a body in the first part and in the rest.
    first: BTreeMap<u32, Code<'a>>,
    rest: BTreeMap<u32, Code<'a>>,
    /// How functions of the first part go on where they never went.
    others: Vec<Other<'a>>,
    /// Functions of the rest that the first part names.
    stubs: BTreeSet<u32>,
    /// Functions of the first part that the rest names.
    needed: BTreeSet<u32>,
    /// Types that the module does not have, and their numbers.
    types: BTreeMap<Signature, u32>,
}

/// The part of a cut function that never ran.
struct Other<'a> {
    ty: u32,
    code: Code<'a>,
}

/// Writes the pieces that ran into the first part; `ran` tells it of each piece of each body, in order.
pub(super) fn split(
    module: &Module<'_>,
    bodies: &[Body<'_>],
    ran: &[bool],
) -> Result<Split, String> {
    let mut plan = Plan::default();
    let mut left = ran;
    for (function, body) in (module.imported..).zip(bodies) {
        let (ran, others) = left.split_at_checked(body.pieces.len()).ok_or("too few marks")?;
        plan.take(module, function, body, ran)?;
        left = others;
    }
    plan.find_neighbours(module);
    let named = plan.first.values().flat_map(Code::constants).collect();
    let data = data::halve(module, &named)?;
    Ok(Split {
        first: plan.write_first(module, &data.first)?,
        rest: plan.write_rest(module, &data.rest)?,
    })
}

impl<'a> Plan<'a> {
    /// Decides about a function.
    fn take(
        &mut self,
        module: &Module<'_>,
        function: u32,
        body: &Body<'a>,
        ran: &[bool],
    ) -> Result<(), String> {
        if ran.first() != Some(&true) {
            self.rest.insert(function, cut::whole(body)?);
            return Ok(());
        }
        let regions = body.regions(ran);
        if regions.is_empty() {
            self.first.insert(function, cut::whole(body)?);
            return Ok(());
        }
        let cut = cut::cut(body, &regions)?;
        let passed = cut.passed.iter().filter_map(|local| body.locals.get(count(*local)));
        let parameters = passed.copied().chain([ValType::I32]).collect();
        let results = module.signature_of(function)?.results.clone();
        let ty = self.ty(module, Signature { parameters, results });
        let mut code = cut.ran;
        let slot = i32::try_from(self.others.len()).map_err(text)?;
        code.instructions.push(Instruction::Call(ENSURE));
        let place = index(body.locals.len());
        code.instructions
            .extend(cut.passed.iter().chain([&place]).map(|local| Instruction::LocalGet(*local)));
        let table_index = entries_number(module);
        code.instructions.extend([
            Instruction::I32Const(slot),
            Instruction::CallIndirect { type_index: ty, table_index },
            Instruction::End,
        ]);
        self.first.insert(function, code);
        self.others.push(Other { ty, code: cut.other });
        Ok(())
    }

    /// The number of a type that may be new.
    fn ty(&mut self, module: &Module<'_>, signature: Signature) -> u32 {
        let own = module.signatures.iter().position(|own| *own == signature);
        let new = index(module.signatures.len() + self.types.len());
        own.map_or_else(|| *self.types.entry(signature).or_insert(new), index)
    }

    /// Which functions the parts name of each other.
    fn find_neighbours(&mut self, module: &Module<'_>) {
        let exports = module.exports.iter();
        let exported = exports.filter(|e| kind(e.kind) == Ok(ExportKind::Func)).map(|e| e.index);
        let named = self.first.values().flat_map(Code::named);
        let all = module.pointed.iter().copied().chain(exported).chain(module.start).chain(named);
        self.stubs = all.filter(|function| self.rest.contains_key(function)).collect();
        let rest = self.rest.values().chain(self.others.iter().map(|other| &other.code));
        let here =
            |function: &u32| *function < module.imported || self.first.contains_key(function);
        self.needed = rest.flat_map(Code::named).filter(here).collect();
    }

    fn write_first(&self, module: &Module<'_>, data: &[data::Run]) -> Result<Vec<u8>, String> {
        // The loader is the last import; after the kept functions come the one that calls it once and the stubs.
        let loader = module.imported;
        let mut numbers: BTreeMap<u32, u32> = (0..loader).map(|number| (number, number)).collect();
        numbers.extend(self.first.keys().copied().zip(loader + 1..));
        let ensure = loader + 1 + index(self.first.len());
        numbers.insert(ENSURE, ensure);
        numbers.extend(self.stubs.iter().copied().zip(ensure + 1..));

        let mut parts = Parts::of(module)?;
        let nothing = self.more_types(module, &mut parts.types);
        parts.imports.import(LOADER.0, LOADER.1, EntityType::Function(nothing));
        let number = |function: u32| numbers.get(&function).copied().unwrap_or(u32::MAX);
        for (function, code) in &self.first {
            parts.functions.function(module.type_of(*function)?);
            parts.code.function(&code.function(number));
        }
        let loaded = index(module.globals.len());
        parts.global(0);
        parts.functions.function(nothing);
        parts.code.function(&once(loaded, loader));
        let entries = entries_number(module);
        parts.tables.table(table(self.others.len() + self.stubs.len()));
        parts.tables.table(table(self.needed.len()));
        let functions: Vec<u32> = self.needed.iter().map(|function| number(*function)).collect();
        parts.more_elements = Some((entries + 1, functions));
        for (slot, function) in (self.others.len()..).zip(&self.stubs) {
            let ty = module.type_of(*function)?;
            let parameters = index(module.signature_of(*function)?.parameters.len());
            let slot = i32::try_from(slot).map_err(text)?;
            parts.functions.function(ty);
            parts.code.function(&stub(ensure, parameters, slot, ty, entries));
        }
        parts.more_exports.push((ENTRIES.to_owned(), ExportKind::Table, entries));
        parts.more_exports.push((LENT.to_owned(), ExportKind::Table, entries + 1));
        parts.more_exports.extend(lent(module));
        parts.data = write::data(data);
        parts.finish(module, &numbers)
    }

    fn write_rest(&self, module: &Module<'_>, data: &[data::Run]) -> Result<Vec<u8>, String> {
        let mut imports = ImportSection::new();
        for (name, kind, number) in lent(module) {
            imports.import(FIRST, &name, entity(module, kind, number)?);
        }
        for (position, function) in self.needed.iter().enumerate() {
            let ty = EntityType::Function(module.type_of(*function)?);
            imports.import(FIRST, &position.to_string(), ty);
        }
        imports.import(FIRST, ENTRIES, table(self.others.len() + self.stubs.len()));
        let mut types = module.types.clone();
        self.more_types(module, &mut types);

        let named = self.needed.iter().chain(self.rest.keys()).copied();
        let numbers: BTreeMap<u32, u32> = named.zip(0..).collect();
        let number = |function: u32| numbers.get(&function).copied().unwrap_or(u32::MAX);
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for (function, body) in &self.rest {
            functions.function(module.type_of(*function)?);
            code.function(&body.function(number));
        }
        for other in &self.others {
            functions.function(other.ty);
            code.function(&other.code.function(number));
        }
        let others = (index(numbers.len())..).take(self.others.len());
        let entries: Vec<u32> = others.chain(self.stubs.iter().map(|stub| number(*stub))).collect();
        let mut elements = ElementSection::new();
        elements.active(
            Some(entries_number(module)),
            &ConstExpr::i32_const(0),
            Elements::Functions(entries.into()),
        );
        let mut out = wasm_encoder::Module::new();
        out.section(&types).section(&imports).section(&functions).section(&elements);
        out.section(&code).section(&write::data(data));
        Ok(out.finish())
    }

    /// Adds the types that the module does not have, last the one of a function without parameters or results.
    fn more_types(&self, module: &Module<'_>, types: &mut wasm_encoder::TypeSection) -> u32 {
        let mut new: Vec<(&u32, &Signature)> = self.types.iter().map(|(ty, n)| (n, ty)).collect();
        new.sort();
        for (_, signature) in &new {
            let Signature { parameters, results } = signature;
            types.ty().function(parameters.iter().copied(), results.iter().copied());
        }
        types.ty().function([], []);
        index(module.signatures.len() + new.len())
    }
}

/// What the rest borrows beside functions: everything with a number, under short names.
fn lent(module: &Module<'_>) -> impl Iterator<Item = (String, ExportKind, u32)> {
    let all = |letter: char, kind: ExportKind, count: usize| {
        (0..index(count)).map(move |number| (format!("{letter}{number}"), kind, number))
    };
    all('t', ExportKind::Table, module.tables.len())
        .chain(all('m', ExportKind::Memory, module.memories.len()))
        .chain(all('g', ExportKind::Global, module.globals.len()))
}

/// A table of functions of a fixed size.
fn table(size: usize) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: size as u64,
        maximum: Some(size as u64),
        shared: false,
    }
}

/// The number of the table of entries: it comes after the module's own.
fn entries_number(module: &Module<'_>) -> u32 {
    index(module.tables.len())
}

/// Calls the loader the first time.
fn once(loaded: u32, loader: u32) -> Function {
    let mut function = Function::new([]);
    for instruction in [
        Instruction::GlobalGet(loaded),
        Instruction::If(BlockType::Empty),
        Instruction::Return,
        Instruction::End,
        Instruction::Call(loader),
        Instruction::I32Const(1),
        Instruction::GlobalSet(loaded),
        Instruction::End,
    ] {
        function.instruction(&instruction);
    }
    function
}

/// Stands for a function of the rest.
fn stub(ensure: u32, parameters: u32, slot: i32, type_index: u32, table_index: u32) -> Function {
    let mut function = Function::new([]);
    function.instruction(&Instruction::Call(ensure));
    for parameter in 0..parameters {
        function.instruction(&Instruction::LocalGet(parameter));
    }
    function.instruction(&Instruction::I32Const(slot));
    function.instruction(&Instruction::CallIndirect { type_index, table_index });
    function.instruction(&Instruction::End);
    function
}

fn entity(module: &Module<'_>, kind: ExportKind, number: u32) -> Result<EntityType, String> {
    let missing = "a number without a thing";
    Ok(match kind {
        ExportKind::Table => {
            let table = module.tables.get(count(number)).ok_or(missing)?;
            EntityType::Table(RoundtripReencoder.table_type(*table).map_err(text)?)
        }
        ExportKind::Memory => {
            let memory = module.memories.get(count(number)).ok_or(missing)?;
            EntityType::Memory(RoundtripReencoder.memory_type(*memory).map_err(text)?)
        }
        ExportKind::Global => {
            let global = module.globals.get(count(number)).ok_or(missing)?;
            EntityType::Global(RoundtripReencoder.global_type(*global).map_err(text)?)
        }
        ExportKind::Func | ExportKind::Tag => {
            return Err("neither is lent by its number".to_owned());
        }
    })
}
