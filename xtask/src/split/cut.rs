//! Cutting a function in two: what ran, and how it goes on where it never went.
//!
//! ```text
//! first part:  f(a, b)   { … a place that never ran: leave with its number … }   left: return g(a, b, …, number)
//! rest:        g(a, b, …, number)   jumps to the place of that number and goes on as f would
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Function, Instruction, MemArg, ValType};

use super::body::{Body, Region};
use super::module::{count, index};
use super::text;

/// Instructions under construction, with the numbers that functions have in the whole module.
pub(super) struct Code<'a> {
    /// The types of the locals that are no parameters.
    pub locals: Vec<ValType>,
    pub instructions: Vec<Instruction<'a>>,
    /// The offsets at which loads and stores reach into memory.
    offsets: Vec<u64>,
}

/// The two parts of a function.
pub(super) struct Cut<'a> {
    /// What ran; where it ends, the call of the other part is still missing.
    pub ran: Code<'a>,
    /// The locals that the other part takes, by their number in the function; the place's number comes last.
    pub passed: Vec<u32>,
    /// How it goes on.
    pub other: Code<'a>,
}

impl Code<'_> {
    /// The functions that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = u32> {
        self.instructions.iter().filter_map(|instruction| match instruction {
            Instruction::Call(function)
            | Instruction::ReturnCall(function)
            | Instruction::RefFunc(function) => Some(*function),
            _ => None,
        })
    }

    /// Every number that it names and that may be an address.
    pub(super) fn constants(&self) -> impl Iterator<Item = u32> {
        let offsets = self.offsets.iter().filter_map(|offset| u32::try_from(*offset).ok());
        let constants = self.instructions.iter().filter_map(|instruction| match instruction {
            Instruction::I32Const(constant) => Some(constant.cast_unsigned()),
            _ => None,
        });
        offsets.chain(constants)
    }

    /// The body, its functions renumbered.
    pub(super) fn function(&self, number: impl Fn(u32) -> u32) -> Function {
        let mut function = Function::new_with_locals_types(self.locals.iter().copied());
        for instruction in &self.instructions {
            match instruction {
                Instruction::Call(callee) => {
                    function.instruction(&Instruction::Call(number(*callee)))
                }
                Instruction::ReturnCall(callee) => {
                    function.instruction(&Instruction::ReturnCall(number(*callee)))
                }
                Instruction::RefFunc(named) => {
                    function.instruction(&Instruction::RefFunc(number(*named)))
                }
                other => function.instruction(other),
            };
        }
        function
    }
}

/// The whole body, as it is.
pub(super) fn whole<'a>(body: &Body<'a>) -> Result<Code<'a>, String> {
    let mut writer = Writer::new(body);
    writer.copy(0..body.operators.len())?;
    Ok(writer.code(own_locals(body)))
}

/// The body without some regions, and what does their work.
pub(super) fn cut<'a>(body: &Body<'a>, regions: &[Region]) -> Result<Cut<'a>, String> {
    let place = index(body.locals.len());
    let mut ran = Writer::new(body);
    ran.open(BlockType::Empty);
    let mut from = 0;
    for (number, region) in (0..).zip(regions) {
        ran.copy(from..region.start)?;
        ran.out.extend([Instruction::I32Const(number), Instruction::LocalSet(place)]);
        ran.out.push(Instruction::Br(ran.depth - 1));
        from = region.end;
    }
    let last = body.end(None);
    ran.copy(from..last)?;
    ran.out.extend([Instruction::Return, Instruction::End]);
    let mut locals = own_locals(body);
    locals.push(ValType::I32);

    let mut other = Writer::new(body);
    other.resume(0..last, &Places { first: 0, regions }, false)?;
    other.out.push(Instruction::End);
    let (passed, other) = with_parameters(body, other.code(Vec::new()));
    Ok(Cut { ran: ran.code(locals), passed, other })
}

fn own_locals(body: &Body<'_>) -> Vec<ValType> {
    body.locals.get(body.parameters..).unwrap_or_default().to_vec()
}

/// Makes parameters of the locals that instructions read, and of the place's number.
fn with_parameters<'a>(body: &Body<'a>, mut code: Code<'a>) -> (Vec<u32>, Code<'a>) {
    let place = index(body.locals.len());
    let read: BTreeSet<u32> = code
        .instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::LocalGet(local) if *local != place => Some(*local),
            _ => None,
        })
        .collect();
    let others: Vec<u32> = (0..place).filter(|local| !read.contains(local)).collect();
    let mut numbers = vec![0; body.locals.len() + 1];
    for (new, old) in (0..).zip(read.iter().chain([&place]).chain(&others)) {
        if let Some(number) = numbers.get_mut(count(*old)) {
            *number = new;
        }
    }
    for instruction in &mut code.instructions {
        if let Instruction::LocalGet(local)
        | Instruction::LocalSet(local)
        | Instruction::LocalTee(local) = instruction
        {
            *local = numbers.get(count(*local)).copied().unwrap_or(u32::MAX);
        }
    }
    let ty = |local: &u32| body.locals.get(count(*local)).copied();
    code.locals = others.iter().filter_map(ty).collect();
    (read.into_iter().collect(), code)
}

/// Regions that follow each other, and the number of the first.
struct Places<'r> {
    first: i32,
    regions: &'r [Region],
}

/// A position of a sequence at which some regions begin, or the block that holds them.
struct Entry<'r> {
    position: usize,
    places: Places<'r>,
}

/// Writes instructions of a body, with more blocks around them than there were.
struct Writer<'b, 'a> {
    body: &'b Body<'a>,
    out: Vec<Instruction<'a>>,
    /// How many blocks are open in what is written.
    depth: u32,
    /// For the function and each open block of the body, how many blocks were open when it was opened.
    labels: Vec<u32>,
    offsets: Offsets,
}

/// Notes where instructions reach into memory.
#[derive(Default)]
struct Offsets(Vec<u64>);

impl Reencode for Offsets {
    type Error = Infallible;

    fn mem_arg(&mut self, argument: wasmparser::MemArg) -> Result<MemArg, Error<Infallible>> {
        self.0.push(argument.offset);
        RoundtripReencoder.mem_arg(argument)
    }
}

impl<'b, 'a> Writer<'b, 'a> {
    fn new(body: &'b Body<'a>) -> Self {
        Self { body, out: Vec::new(), depth: 0, labels: vec![0], offsets: Offsets::default() }
    }

    fn code(self, locals: Vec<ValType>) -> Code<'a> {
        Code { locals, instructions: self.out, offsets: self.offsets.0 }
    }

    /// Opens a block that the body does not have.
    fn open(&mut self, ty: BlockType) {
        self.depth += 1;
        self.out.push(Instruction::Block(ty));
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.out.push(Instruction::End);
    }

    /// Copies instructions; the jumps among them reach the blocks that they reached.
    fn copy(&mut self, positions: Range<usize>) -> Result<(), String> {
        for operator in self.body.operators.get(positions).unwrap_or_default() {
            let instruction = self.offsets.instruction(operator.clone()).map_err(text)?;
            let instruction = self.retarget(instruction);
            match &instruction {
                Instruction::Block(_) | Instruction::Loop(_) | Instruction::If(_) => {
                    self.depth += 1;
                    self.labels.push(self.depth);
                }
                Instruction::End => {
                    self.depth = self.depth.saturating_sub(1);
                    self.labels.pop();
                }
                _ => {}
            }
            self.out.push(instruction);
        }
        Ok(())
    }

    fn retarget(&self, instruction: Instruction<'a>) -> Instruction<'a> {
        let label = |depth: u32| {
            let opened = self.labels.iter().rev().nth(count(depth));
            opened.map_or(u32::MAX, |opened| self.depth - opened)
        };
        match instruction {
            Instruction::Br(depth) => Instruction::Br(label(depth)),
            Instruction::BrIf(depth) => Instruction::BrIf(label(depth)),
            Instruction::BrTable(depths, other) => {
                let depths: Vec<u32> = depths.iter().map(|depth| label(*depth)).collect();
                Instruction::BrTable(Cow::Owned(depths), label(other))
            }
            same => same,
        }
    }

    /// Writes a sequence of instructions that begins at one of some places, or, if `entered`, at its start, too.
    fn resume(
        &mut self,
        positions: Range<usize>,
        places: &Places<'_>,
        entered: bool,
    ) -> Result<(), String> {
        let entries = self.entries(&positions, places);
        let Some(first) = entries.first() else { return self.copy(positions) };
        let jumps = entered || entries.len() > 1;
        if jumps {
            entries.iter().for_each(|_| self.open(BlockType::Empty));
            self.dispatch(places.first, &entries, entered);
        }
        if entered {
            self.copy(positions.start..first.position)?;
        }
        let after = entries.iter().skip(1).map(|entry| entry.position).chain([positions.end]);
        for ((number, entry), after) in entries.iter().enumerate().zip(after) {
            if jumps {
                self.close();
            }
            self.entry(entry, after, entered || number > 0)?;
        }
        Ok(())
    }

    /// The positions of a sequence at which one must be able to begin.
    fn entries<'r>(&self, positions: &Range<usize>, places: &Places<'r>) -> Vec<Entry<'r>> {
        let mut entries = Vec::new();
        let (mut position, mut first, mut left) = (positions.start, places.first, places.regions);
        while let Some(region) = left.first() {
            let opens = matches!(
                self.body.operators.get(position),
                Some(wasmparser::Operator::Block { .. } | wasmparser::Operator::Loop { .. })
            );
            let end = if opens { self.body.end(Some(position)) } else { position };
            let here = if region.start == position {
                1
            } else {
                left.iter().take_while(|region| region.start < end).count()
            };
            if here > 0 {
                let (regions, others) = left.split_at(here);
                entries.push(Entry { position, places: Places { first, regions } });
                first = first.saturating_add_unsigned(index(here));
                left = others;
            }
            if end >= positions.end {
                break;
            }
            position = end + 1;
        }
        entries
    }

    /// Jumps to the entry of the place that is asked for; if there is none, to the start of the sequence.
    fn dispatch(&mut self, first: i32, entries: &[Entry<'_>], entered: bool) {
        if entered {
            self.open(BlockType::Empty);
        }
        let extra = u32::from(entered);
        let mut targets = Vec::new();
        for (label, entry) in (extra..).zip(entries) {
            targets.extend(entry.places.regions.iter().map(|_| label));
        }
        let place = index(self.body.locals.len());
        self.out.extend([
            Instruction::LocalGet(place),
            Instruction::I32Const(first),
            Instruction::I32Sub,
            Instruction::BrTable(Cow::Owned(targets), 0),
        ]);
        if entered {
            self.close();
        }
    }

    /// Writes from an entry to the next one.
    fn entry(&mut self, entry: &Entry<'_>, after: usize, entered: bool) -> Result<(), String> {
        let position = entry.position;
        let begins_here = entry.places.regions.first().is_some_and(|r| r.start == position);
        if begins_here {
            // A loop may come by again, and must not jump then.
            let place = index(self.body.locals.len());
            self.out.extend([Instruction::I32Const(-1), Instruction::LocalSet(place)]);
            return self.copy(position..after);
        }
        let end = self.body.end(Some(position));
        let looped =
            matches!(self.body.operators.get(position), Some(wasmparser::Operator::Loop { .. }));
        self.copy(position..position + 1)?;
        self.resume(position + 1..end, &entry.places, entered || looped)?;
        self.copy(end..after)
    }
}
