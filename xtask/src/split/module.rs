//! A WebAssembly module, taken apart.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportKind, TypeSection, ValType};
use wasmparser::{
    CompositeInnerType, DataSectionReader, ElementSectionReader, Export, ExternalKind,
    FunctionBody, GlobalSectionReader, GlobalType, Import, ImportSectionReader, Imports,
    MemoryType, Operator, Parser, Payload, TableSectionReader, TableType, TypeRef,
};

use super::text;

/// The parts of a module that is to be split.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub types: TypeSection,
    /// Parameters of each function type.
    pub parameters: Vec<Vec<ValType>>,
    pub imports: Vec<Import<'a>>,
    /// The type of each function, imported ones first.
    pub functions: Vec<u32>,
    /// How many of the functions are imported.
    pub imported: u32,
    pub tables: Vec<TableType>,
    pub own_tables: Option<TableSectionReader<'a>>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<GlobalType>,
    pub own_globals: Option<GlobalSectionReader<'a>>,
    pub exports: Vec<Export<'a>>,
    pub start: Option<u32>,
    pub elements: Option<ElementSectionReader<'a>>,
    /// Functions that element segments name.
    pub pointed: Vec<u32>,
    pub data: Option<DataSectionReader<'a>>,
    pub data_count: Option<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Module<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            module.take(payload.map_err(text)?)?;
        }
        Ok(module)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<(), String> {
        match payload {
            Payload::TypeSection(section) => {
                RoundtripReencoder
                    .parse_type_section(&mut self.types, section.clone())
                    .map_err(text)?;
                for group in section {
                    for sub in group.map_err(text)?.types() {
                        let CompositeInnerType::Func(function) = &sub.composite_type.inner else {
                            return Err("a type that is no function's".to_owned());
                        };
                        let parameters =
                            function.params().iter().map(|ty| RoundtripReencoder.val_type(*ty));
                        self.parameters.push(parameters.collect::<Result<_, _>>().map_err(text)?);
                    }
                }
            }
            Payload::ImportSection(section) => self.take_imports(section)?,
            Payload::FunctionSection(section) => {
                self.imported = index(self.functions.len());
                for ty in section {
                    self.functions.push(ty.map_err(text)?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.tables.push(table.map_err(text)?.ty);
                }
                self.own_tables = Some(section);
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory.map_err(text)?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section.clone() {
                    self.globals.push(global.map_err(text)?.ty);
                }
                self.own_globals = Some(section);
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export.map_err(text)?);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section.clone() {
                    if let wasmparser::ElementItems::Functions(functions) =
                        element.map_err(text)?.items
                    {
                        for function in functions {
                            self.pointed.push(function.map_err(text)?);
                        }
                    }
                }
                self.elements = Some(section);
            }
            Payload::DataCountSection { count, .. } => self.data_count = Some(count),
            Payload::DataSection(section) => self.data = Some(section),
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            _ => {}
        }
        Ok(())
    }

    fn take_imports(&mut self, section: ImportSectionReader<'a>) -> Result<(), String> {
        for group in section {
            let Imports::Single(_, import) = group.map_err(text)? else {
                return Err("compact imports".to_owned());
            };
            match import.ty {
                TypeRef::Func(ty) => self.functions.push(ty),
                TypeRef::Table(_) | TypeRef::Memory(_) | TypeRef::Global(_) => {
                    return Err(format!("{} is imported and no function", import.name));
                }
                TypeRef::Tag(_) | TypeRef::FuncExact(_) => return Err("exotic imports".to_owned()),
            }
            self.imports.push(import);
        }
        Ok(())
    }

    /// The numbers of the functions that have a body, with it.
    pub(super) fn own(&self) -> impl Iterator<Item = (u32, &FunctionBody<'a>)> {
        (self.imported..).zip(&self.bodies)
    }
}

/// Every function that a body names.
pub(super) fn named(body: &FunctionBody<'_>) -> Result<Vec<u32>, String> {
    let mut found = Vec::new();
    for operator in body.get_operators_reader().map_err(text)? {
        match operator.map_err(text)? {
            Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } => found.push(function_index),
            _ => {}
        }
    }
    Ok(found)
}

/// The kind of an export, for writing it again.
pub(super) fn kind(kind: ExternalKind) -> Result<ExportKind, String> {
    match kind {
        ExternalKind::Func => Ok(ExportKind::Func),
        ExternalKind::Table => Ok(ExportKind::Table),
        ExternalKind::Memory => Ok(ExportKind::Memory),
        ExternalKind::Global => Ok(ExportKind::Global),
        ExternalKind::Tag | ExternalKind::FuncExact => Err("exotic exports".to_owned()),
    }
}

/// WebAssembly counts in 32 bits.
pub(super) fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
