//! The three modules that one is written as: instrumented, its first part, and the rest.
//!
//! In the first part each function of the rest that is named there has a stub in its place: it makes sure
//! that the rest is loaded and calls through a table which the rest fills. The rest takes everything else
//! that it needs, memory, tables, globals and functions, from the exports of the first part.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    ImportSection, Instruction, MemorySection, RefType, StartSection, TableSection, TableType,
    TypeSection, ValType,
};

use super::module::{Module, index, kind, named};
use super::text;

/// The JavaScript function that loads the rest, as the first part imports it.
const LOADER: (&str, &str) = ("rest", "load");
/// The module name under which the rest imports the first part's exports.
const FIRST: &str = "first";
/// The table of entries into the rest.
const ENTRIES: &str = "e";

/// Renumbers functions.
struct Numbers<'a>(&'a BTreeMap<u32, u32>);

impl Reencode for Numbers<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.0.get(&function).copied().unwrap_or(u32::MAX))
    }
}

/// The module with a global for each function with a body, `used0`, `used1`, …, that is set once it runs.
pub(super) fn instrumented(module: &Module<'_>) -> Result<Vec<u8>, String> {
    let mut parts = Parts::of(module)?;
    for ty in module.functions.iter().skip(count(module.imported)) {
        parts.functions.function(*ty);
    }
    let same: BTreeMap<u32, u32> = (0..index(module.functions.len())).map(|n| (n, n)).collect();
    let first_global = index(module.globals.len());
    for (position, body) in (0_u32..).zip(&module.bodies) {
        let global = first_global + position;
        parts.global(0);
        parts.more_exports.push((format!("used{position}"), ExportKind::Global, global));
        let mut function =
            RoundtripReencoder.new_function_with_parsed_locals(body).map_err(text)?;
        function.instruction(&Instruction::I32Const(1));
        function.instruction(&Instruction::GlobalSet(global));
        let mut operators = body.get_operators_reader().map_err(text)?;
        while !operators.eof() {
            let next = RoundtripReencoder.parse_instruction(&mut operators).map_err(text)?;
            function.instruction(&next);
        }
        parts.code.function(&function);
    }
    parts.finish(module, &same)
}

/// The two parts.
pub(super) struct Split {
    pub first: Vec<u8>,
    pub rest: Vec<u8>,
}

/// Writes the functions in `used`, counted among those with a body, into the first part.
pub(super) fn split(module: &Module<'_>, used: &BTreeSet<u32>) -> Result<Split, String> {
    let is_first =
        |function: u32| function < module.imported || used.contains(&(function - module.imported));
    let mut stubs: BTreeSet<u32> = module.pointed.iter().copied().collect();
    stubs.extend(
        module.exports.iter().filter(|e| kind(e.kind) == Ok(ExportKind::Func)).map(|e| e.index),
    );
    stubs.extend(module.start);
    let mut needed = BTreeSet::new();
    for (function, body) in module.own() {
        let named = named(body)?;
        if is_first(function) {
            stubs.extend(named);
        } else {
            needed.extend(named.into_iter().filter(|named| is_first(*named)));
        }
    }
    stubs.retain(|function| !is_first(*function));
    let kept: Vec<u32> = (0..index(module.functions.len())).filter(|f| is_first(*f)).collect();
    Ok(Split {
        first: first(module, &kept, &stubs, &needed)?,
        rest: rest(module, &is_first, &stubs, &needed)?,
    })
}

fn first(
    module: &Module<'_>,
    kept: &[u32],
    stubs: &BTreeSet<u32>,
    needed: &BTreeSet<u32>,
) -> Result<Vec<u8>, String> {
    // The loader is the last import; after the kept functions come the one that calls it once and the stubs.
    let loader = module.imported;
    let mut numbers = BTreeMap::new();
    for (position, function) in (0_u32..).zip(kept) {
        numbers.insert(*function, position + u32::from(*function >= module.imported));
    }
    let ensure = index(kept.len()) + 1;
    for (position, function) in (1_u32..).zip(stubs) {
        numbers.insert(*function, ensure + position);
    }

    let mut parts = Parts::of(module)?;
    let nothing = index(module.parameters.len());
    parts.types.ty().function([], []);
    parts.imports.import(LOADER.0, LOADER.1, EntityType::Function(nothing));
    let own = kept.iter().filter(|function| **function >= module.imported);
    for function in own.clone() {
        parts.functions.function(type_of(module, *function)?);
        let body = module.bodies.get(count(*function - module.imported)).ok_or("no body")?;
        Numbers(&numbers).parse_function_body(&mut parts.code, body.clone()).map_err(text)?;
    }

    let loaded = index(module.globals.len());
    parts.global(0);
    parts.functions.function(nothing);
    parts.code.function(&once(loaded, loader));
    let entries = index(module.tables.len());
    parts.tables.table(table(stubs.len()));
    for (slot, function) in (0_i32..).zip(stubs) {
        let ty = type_of(module, *function)?;
        let parameters = module.parameters.get(count(ty)).map_or(0, Vec::len);
        parts.functions.function(ty);
        parts.code.function(&stub(ensure, index(parameters), slot, ty, entries));
    }
    parts.more_exports.push((ENTRIES.to_owned(), ExportKind::Table, entries));
    for (name, kind, number) in lent(module, needed) {
        let renumbered = numbers.get(&number).copied().filter(|_| kind == ExportKind::Func);
        parts.more_exports.push((name, kind, renumbered.unwrap_or(number)));
    }
    parts.finish(module, &numbers)
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

fn rest(
    module: &Module<'_>,
    is_first: &impl Fn(u32) -> bool,
    stubs: &BTreeSet<u32>,
    needed: &BTreeSet<u32>,
) -> Result<Vec<u8>, String> {
    let mut imports = ImportSection::new();
    for (name, kind, number) in lent(module, needed) {
        imports.import(FIRST, &name, entity(module, kind, number)?);
    }
    imports.import(FIRST, ENTRIES, table(stubs.len()));

    let own: Vec<u32> =
        module.own().map(|(function, _)| function).filter(|f| !is_first(*f)).collect();
    let numbers: BTreeMap<u32, u32> = needed.iter().chain(&own).copied().zip(0..).collect();
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for function in &own {
        functions.function(type_of(module, *function)?);
        let body = module.bodies.get(count(*function - module.imported)).ok_or("no body")?;
        Numbers(&numbers).parse_function_body(&mut code, body.clone()).map_err(text)?;
    }
    let entries: Vec<u32> =
        stubs.iter().filter_map(|function| numbers.get(function).copied()).collect();
    let mut elements = ElementSection::new();
    elements.active(
        Some(index(module.tables.len())),
        &ConstExpr::i32_const(0),
        Elements::Functions(entries.into()),
    );
    let mut out = wasm_encoder::Module::new();
    out.section(&module.types).section(&imports).section(&functions).section(&elements);
    out.section(&code);
    Ok(out.finish())
}

/// What the rest borrows: everything with a number, under short names, functions last but for the table.
fn lent<'a>(
    module: &'a Module<'_>,
    needed: &'a BTreeSet<u32>,
) -> impl Iterator<Item = (String, ExportKind, u32)> + 'a {
    let all = |letter: char, kind: ExportKind, count: usize| {
        (0..index(count)).map(move |number| (format!("{letter}{number}"), kind, number))
    };
    all('t', ExportKind::Table, module.tables.len())
        .chain(all('m', ExportKind::Memory, module.memories.len()))
        .chain(all('g', ExportKind::Global, module.globals.len()))
        .chain(needed.iter().map(|function| (function.to_string(), ExportKind::Func, *function)))
}

fn entity(module: &Module<'_>, kind: ExportKind, number: u32) -> Result<EntityType, String> {
    let missing = "a number without a thing";
    Ok(match kind {
        ExportKind::Func => EntityType::Function(type_of(module, number)?),
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
        ExportKind::Tag => return Err("tags".to_owned()),
    })
}

fn type_of(module: &Module<'_>, function: u32) -> Result<u32, String> {
    module.functions.get(count(function)).copied().ok_or_else(|| format!("no function {function}"))
}

/// The table through which the first part calls the rest.
fn table(entries: usize) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: entries as u64,
        maximum: Some(entries as u64),
        shared: false,
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The sections of a module that is written.
#[derive(Default)]
struct Parts {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    /// Exports beside those of the module.
    more_exports: Vec<(String, ExportKind, u32)>,
    code: CodeSection,
}

impl Parts {
    /// All but functions, code and what names them.
    fn of(module: &Module<'_>) -> Result<Self, String> {
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
        if let Some(section) = &module.own_globals {
            RoundtripReencoder
                .parse_global_section(&mut parts.globals, section.clone())
                .map_err(text)?;
        }
        Ok(parts)
    }

    fn global(&mut self, value: i32) {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        self.globals.global(ty, &ConstExpr::i32_const(value));
    }

    fn finish(self, module: &Module<'_>, numbers: &BTreeMap<u32, u32>) -> Result<Vec<u8>, String> {
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
        for memory in &module.memories {
            memories.memory(RoundtripReencoder.memory_type(*memory).map_err(text)?);
        }
        out.section(&memories).section(&self.globals).section(&exports);
        if let Some(start) = module.start {
            out.section(&StartSection { function_index: renumber(start) });
        }
        if let Some(section) = &module.elements {
            let mut elements = ElementSection::new();
            Numbers(numbers).parse_element_section(&mut elements, section.clone()).map_err(text)?;
            out.section(&elements);
        }
        if let Some(count) = module.data_count {
            out.section(&DataCountSection { count });
        }
        out.section(&self.code);
        if let Some(section) = &module.data {
            let mut data = DataSection::new();
            RoundtripReencoder.parse_data_section(&mut data, section.clone()).map_err(text)?;
            out.section(&data);
        }
        Ok(out.finish())
    }
}
