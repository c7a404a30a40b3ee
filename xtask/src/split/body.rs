//! A function's body: its instructions, and the straight pieces that run or do not run as a whole.

use std::collections::BTreeMap;

use wasm_encoder::ValType;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, FunctionBody, ModuleArity, Operator, RefType, SubType,
};

use super::module::{Module, count};
use super::text;

/// The smallest run of instructions in bytes that is worth a place in the rest.
const WORTH: usize = 12;

/// The instructions of a function and what is known of their order.
pub(super) struct Body<'a> {
    /// The types of all locals, parameters first.
    pub locals: Vec<ValType>,
    pub parameters: usize,
    pub operators: Vec<Operator<'a>>,
    /// Where in the module's bytes each instruction begins.
    offsets: Vec<usize>,
    /// For the position of each block and loop, and for the function itself, the position of its end.
    ends: BTreeMap<Option<usize>, usize>,
    pub pieces: Vec<Piece>,
    /// Whether the body has blocks and loops only, as compilers from LLVM write them.
    plain: bool,
}

/// A piece that is entered at its first instruction only.
pub(super) struct Piece {
    pub start: usize,
    /// The block or loop around it.
    frame: Option<usize>,
    /// Whether nothing lies on the stack where it begins.
    bare: bool,
}

/// Instructions that never ran: from a piece to the end of the block around it, because nothing jumps between.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub start: usize,
    pub end: usize,
}

/// A block that is open while a body is read.
struct Frame {
    open: Option<usize>,
    /// How many values lay on the stack before it.
    base: u32,
    results: u32,
}

impl<'a> Body<'a> {
    pub(super) fn parse(
        module: &Module<'_>,
        function: u32,
        body: &FunctionBody<'a>,
    ) -> Result<Self, String> {
        let mut parsed = Self::with_locals(module, function, body)?;
        let mut frames = vec![Frame { open: None, base: 0, results: 0 }];
        let (mut height, mut begins) = (0_u32, true);
        for operator in body.get_operators_reader().map_err(text)?.into_iter_with_offsets() {
            let (operator, offset) = operator.map_err(text)?;
            let position = parsed.operators.len();
            let frame = frames.last().ok_or("code after a function's end")?;
            let closes = matches!(operator, Operator::End | Operator::Else);
            if begins && (!closes || position == 0) {
                let piece = Piece { start: position, frame: frame.open, bare: height == 0 };
                parsed.pieces.push(piece);
                begins = false;
            }
            match &operator {
                Operator::Block { blockty } | Operator::Loop { blockty } => {
                    let results = parsed.results(*blockty);
                    frames.push(Frame { open: Some(position), base: height, results });
                    begins |= matches!(operator, Operator::Loop { .. });
                }
                Operator::If { blockty } => {
                    parsed.plain = false;
                    height = height.saturating_sub(1);
                    let results = parsed.results(*blockty);
                    frames.push(Frame { open: Some(position), base: height, results });
                    begins = true;
                }
                Operator::Else => (height, begins) = (frame.base, true),
                Operator::End => {
                    parsed.ends.insert(frame.open, position);
                    (height, begins) = (frame.base + frame.results, true);
                    frames.pop();
                }
                Operator::BrIf { .. } => (height, begins) = (height.saturating_sub(1), true),
                Operator::Br { .. }
                | Operator::BrTable { .. }
                | Operator::Return
                | Operator::Unreachable => (height, begins) = (frame.base, true),
                other => match other.operator_arity(module) {
                    Some((pops, pushes)) => height = height.saturating_sub(pops) + pushes,
                    None => parsed.plain = false,
                },
            }
            parsed.operators.push(operator);
            parsed.offsets.push(usize::try_from(offset).map_err(text)?);
        }
        Ok(parsed)
    }

    fn with_locals(
        module: &Module<'_>,
        function: u32,
        body: &FunctionBody<'a>,
    ) -> Result<Self, String> {
        let mut locals = module.signature_of(function)?.parameters.clone();
        let parameters = locals.len();
        for declared in body.get_locals_reader().map_err(text)? {
            let (many, ty) = declared.map_err(text)?;
            let ty = RoundtripReencoder.val_type(ty).map_err(text)?;
            locals.extend(std::iter::repeat_n(ty, count(many)));
        }
        Ok(Self {
            locals,
            parameters,
            operators: Vec::new(),
            offsets: Vec::new(),
            ends: BTreeMap::new(),
            pieces: Vec::new(),
            plain: true,
        })
    }

    /// How many values a block leaves on the stack; one that also takes some is nothing LLVM writes.
    fn results(&mut self, ty: BlockType) -> u32 {
        match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(_) => {
                self.plain = false;
                0
            }
        }
    }

    /// Where the block or loop at a position ends.
    pub(super) fn end(&self, open: Option<usize>) -> usize {
        self.ends.get(&open).copied().unwrap_or(self.operators.len())
    }

    /// The runs of instructions that can be left out, in order, when the pieces ran or did not.
    pub(super) fn regions(&self, ran: &[bool]) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        if !self.plain {
            return regions;
        }
        for (piece, ran) in self.pieces.iter().zip(ran) {
            let past = regions.last().is_none_or(|region| region.end <= piece.start);
            let region = Region { start: piece.start, end: self.end(piece.frame) };
            if past && !ran && piece.bare && self.bytes(region) >= WORTH {
                regions.push(region);
            }
        }
        regions
    }

    fn bytes(&self, region: Region) -> usize {
        let offset = |position: usize| self.offsets.get(position).copied().unwrap_or_default();
        offset(region.end).saturating_sub(offset(region.start))
    }
}

/// What an instruction takes from the stack and leaves there is told by the types of the functions it calls.
impl ModuleArity for Module<'_> {
    fn sub_type_at(&self, number: u32) -> Option<&SubType> {
        self.sub_types.get(count(number))
    }

    fn type_index_of_function(&self, function: u32) -> Option<u32> {
        self.functions.get(count(function)).copied()
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
