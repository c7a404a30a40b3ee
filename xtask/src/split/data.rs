//! The module's data: what the first part may read, and what only the rest names.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{Data, DataKind, Operator, RelocationEntry, RelocationType};

use super::module::{Module, Symbol, count, index};
use super::text;

/// Bytes and the address where they belong.
pub(super) struct Run {
    pub address: u32,
    pub bytes: Vec<u8>,
}

/// The data of the two parts.
pub(super) struct Halves {
    pub first: Vec<Run>,
    pub rest: Vec<Run>,
}

/// A data segment of the module, with what the linker tells about it.
struct Segment<'a> {
    address: u32,
    bytes: &'a [u8],
    /// Where its bytes begin, counted from the start of the data section.
    position: u32,
    /// Whether a byte is named by the first part, and whether by anything at all.
    first: Vec<bool>,
    known: Vec<bool>,
}

/// Gives each byte to the first part if its code names it, or data that its code names, and so on.
///
/// `named` are all numbers in the first part's code. One that is no address keeps data there for nothing, but
/// none is missed: the linker wrote each address as it stands in its list, and nothing has changed it since.
pub(super) fn halve(module: &Module<'_>, named: &BTreeSet<u32>) -> Result<Halves, String> {
    let mut segments = segments(module)?;
    let mut waiting = Vec::new();
    for relocation in addresses(&module.code_relocations) {
        let Some(symbol) = symbol(module, relocation) else { continue };
        let address = value(&segments, symbol, relocation)?;
        if address.is_some_and(|address| named.contains(&address)) {
            waiting.push(relocation.index);
        }
    }
    let mut links: BTreeMap<u32, u32> = BTreeMap::new();
    for relocation in addresses(&module.data_relocations) {
        links.insert(relocation.offset, relocation.index);
        check(module, &segments, relocation)?;
    }
    for symbol in module.symbols.iter().flatten() {
        if let Some(segment) = segments.get_mut(count(symbol.segment)) {
            segment.known.get_mut(place(symbol)).ok_or("a symbol outside its segment")?.fill(true);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(number) = waiting.pop() {
        let Some(Some(symbol)) = module.symbols.get(count(number)) else { continue };
        let Some(segment) = segments.get_mut(count(symbol.segment)) else { continue };
        if seen.insert(number) {
            segment.first.get_mut(place(symbol)).ok_or("a symbol outside its segment")?.fill(true);
            let start = segment.position + symbol.offset;
            waiting.extend(links.range(start..start + symbol.size).map(|(_, named)| *named));
        }
    }
    Ok(Halves {
        first: segments.iter().flat_map(Segment::first).collect(),
        rest: segments.iter().flat_map(Segment::rest).collect(),
    })
}

/// The relocations that name addresses of data.
fn addresses(all: &[RelocationEntry]) -> impl Iterator<Item = &RelocationEntry> {
    all.iter().filter(|relocation| {
        matches!(
            relocation.ty,
            RelocationType::MemoryAddrLeb
                | RelocationType::MemoryAddrSleb
                | RelocationType::MemoryAddrI32
        )
    })
}

fn symbol<'m>(module: &'m Module<'_>, relocation: &RelocationEntry) -> Option<&'m Symbol> {
    module.symbols.get(count(relocation.index))?.as_ref()
}

/// What the linker wrote for a relocation; nothing for memory that has no bytes in the module.
fn value(
    segments: &[Segment<'_>],
    symbol: &Symbol,
    relocation: &RelocationEntry,
) -> Result<Option<u32>, String> {
    let Some(segment) = segments.get(count(symbol.segment)) else { return Ok(None) };
    let start = i64::from(segment.address) + i64::from(symbol.offset);
    u32::try_from(start + relocation.addend).map(Some).map_err(text)
}

/// An error unless the data still is where the linker put it.
fn check(
    module: &Module<'_>,
    segments: &[Segment<'_>],
    relocation: &RelocationEntry,
) -> Result<(), String> {
    let Some(symbol) = symbol(module, relocation) else { return Ok(()) };
    let Some(expected) = value(segments, symbol, relocation)? else { return Ok(()) };
    let found = segments.iter().find_map(|segment| {
        let offset = count(relocation.offset.checked_sub(segment.position)?);
        segment.bytes.get(offset..offset + 4)
    });
    if found == Some(&expected.to_le_bytes()) {
        Ok(())
    } else {
        Err("the data section is not the one that the linker wrote".to_owned())
    }
}

fn place(symbol: &Symbol) -> Range<usize> {
    count(symbol.offset)..count(symbol.offset) + count(symbol.size)
}

fn segments<'a>(module: &Module<'a>) -> Result<Vec<Segment<'a>>, String> {
    if module.symbols.is_empty() || module.code_relocations.is_empty() {
        return Err("the module was linked without --emit-relocs".to_owned());
    }
    let Some(section) = &module.data else { return Ok(Vec::new()) };
    let start = section.range().start;
    let mut segments = Vec::new();
    for data in section.clone() {
        let data = data.map_err(text)?;
        let position = data.range.end - start - data.data.len() as u64;
        segments.push(Segment {
            address: address(&data)?,
            bytes: data.data,
            position: u32::try_from(position).map_err(text)?,
            first: vec![false; data.data.len()],
            known: vec![false; data.data.len()],
        });
    }
    Ok(segments)
}

fn address(data: &Data<'_>) -> Result<u32, String> {
    let DataKind::Active { memory_index: 0, offset_expr } = &data.kind else {
        return Err("a data segment without a place".to_owned());
    };
    match offset_expr.get_operators_reader().read().map_err(text)? {
        Operator::I32Const { value } => Ok(value.cast_unsigned()),
        _ => Err("a data segment with a computed place".to_owned()),
    }
}

impl Segment<'_> {
    /// The whole segment with noughts for what is not needed at once, which costs less than many segments.
    fn first(&self) -> Option<Run> {
        let kept = |position: usize| !self.is_rest(position);
        let bytes = self.bytes.iter().enumerate();
        let bytes = bytes.map(|(position, byte)| if kept(position) { *byte } else { 0 }).collect();
        Some(Run { address: self.address, bytes })
    }

    /// Exactly the bytes that only the rest names: those between may have changed when they come.
    fn rest(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut open = false;
        for (position, byte) in self.bytes.iter().enumerate() {
            let rest = self.is_rest(position);
            match runs.last_mut().filter(|_| open) {
                Some(run) if rest => run.bytes.push(*byte),
                _ if rest => {
                    let address = self.address + index(position);
                    runs.push(Run { address, bytes: vec![*byte] });
                }
                _ => {}
            }
            open = rest;
        }
        runs
    }

    /// Bytes without a symbol stay in the first part.
    fn is_rest(&self, position: usize) -> bool {
        self.known.get(position) == Some(&true) && self.first.get(position) == Some(&false)
    }
}
