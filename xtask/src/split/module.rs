//! A WebAssembly module, taken apart.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportKind, TypeSection, ValType};
use wasmparser::{
    CompositeInnerType, CustomSectionReader, DataSectionReader, ElementSectionReader, Export,
    ExternalKind, FunctionBody, GlobalSectionReader, GlobalType, Import, ImportSectionReader,
    Imports, KnownCustom, Linking, MemoryType, Parser, Payload, RelocationEntry, SubType,
    SymbolInfo, TableSectionReader, TableType, TypeRef,
};

use super::text;

/// The parts of a module that is to be split.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub types: TypeSection,
    /// The same types, to be read.
    pub sub_types: Vec<SubType>,
    /// Parameters and results of each function type.
    pub signatures: Vec<Signature>,
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
    /// The linker's symbols: those of data that has a place.
    pub symbols: Vec<Option<Symbol>>,
    /// Where code names addresses of data, as the linker tells.
    pub code_relocations: Vec<RelocationEntry>,
    /// Where data does, counted from the start of the data section.
    pub data_relocations: Vec<RelocationEntry>,
}

/// What a function takes and gives.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Signature {
    pub parameters: Vec<ValType>,
    pub results: Vec<ValType>,
}

/// A piece of data with a name.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub segment: u32,
    pub offset: u32,
    pub size: u32,
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
                        self.signatures.push(signature(sub)?);
                        self.sub_types.push(sub.clone());
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
            Payload::CustomSection(section) => self.take_custom(&section)?,
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

    /// What the linker left for tools like this one, when it was told to.
    fn take_custom(&mut self, section: &CustomSectionReader<'a>) -> Result<(), String> {
        match section.as_known() {
            KnownCustom::Linking(linking) => {
                for part in linking.subsections() {
                    let Linking::SymbolTable(symbols) = part.map_err(text)? else { continue };
                    for symbol in symbols {
                        let SymbolInfo::Data { symbol, .. } = symbol.map_err(text)? else {
                            self.symbols.push(None);
                            continue;
                        };
                        self.symbols.push(symbol.map(|place| Symbol {
                            segment: place.index,
                            offset: place.offset,
                            size: place.size,
                        }));
                    }
                }
            }
            KnownCustom::Reloc(relocations) => {
                let entries = relocations.entries().into_iter().collect::<Result<_, _>>();
                match section.name() {
                    "reloc.CODE" => self.code_relocations = entries.map_err(text)?,
                    "reloc.DATA" => self.data_relocations = entries.map_err(text)?,
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn type_of(&self, function: u32) -> Result<u32, String> {
        let ty = self.functions.get(count(function)).copied();
        ty.ok_or_else(|| format!("no function {function}"))
    }

    pub(super) fn signature_of(&self, function: u32) -> Result<&Signature, String> {
        self.signatures.get(count(self.type_of(function)?)).ok_or_else(|| "no such type".to_owned())
    }
}

fn signature(sub: &SubType) -> Result<Signature, String> {
    let CompositeInnerType::Func(function) = &sub.composite_type.inner else {
        return Err("a type that is no function's".to_owned());
    };
    let types = |types: &[wasmparser::ValType]| {
        let types = types.iter().map(|ty| RoundtripReencoder.val_type(*ty));
        types.collect::<Result<_, _>>().map_err(text)
    };
    Ok(Signature { parameters: types(function.params())?, results: types(function.results())? })
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

/// The inverse of `index`.
pub(super) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
