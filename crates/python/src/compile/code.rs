//! The bytecode: what the compiler makes and the machine runs.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::diagnostic::{Source, Span};
use crate::host::{BinaryOperator, Compare, UnaryOperator};
use crate::value::{GeneratorKind, Str, Value};

/// A name with its hash, which lookups need again and again.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: Str,
    pub(crate) hash: u64,
}

/// The parameters of a function; their names are the first local names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parameters {
    /// How many of the positional ones cannot be given by keyword.
    pub(crate) positional_only: usize,
    /// Positional parameters, positional-only ones included.
    pub(crate) positional: usize,
    /// Keyword-only parameters, after the positional ones.
    pub(crate) keyword_only: usize,
    /// Whether there is `*args`, after the keyword-only ones.
    pub(crate) variadic: bool,
    /// Whether there is `**kwargs`, last.
    pub(crate) keywords: bool,
}

impl Parameters {
    /// All slots that parameters take.
    pub(crate) fn count(&self) -> usize {
        self.positional
            + self.keyword_only
            + usize::from(self.variadic)
            + usize::from(self.keywords)
    }

    /// Whether positional arguments alone fill them.
    pub(crate) fn simple(&self) -> bool {
        self.keyword_only == 0 && !self.variadic && !self.keywords
    }
}

/// What happens to an exception raised in a range of instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) target: u32,
    /// Values on the stack when the handler begins.
    pub(crate) depth: u32,
    /// Exceptions being handled when it begins, without the new one.
    pub(crate) handled: u32,
    /// How deeply it is nested: the deepest applies.
    pub(crate) level: u32,
}

/// What a code object is the body of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeKind {
    Module,
    Class,
    Function,
}

/// An annotation's static part.
#[derive(Clone, Debug)]
pub(crate) struct AnnotationText {
    pub(crate) name: Str,
    pub(crate) source: Str,
    pub(crate) span: Span,
    pub(crate) assigned: bool,
}

/// Compiled code of a module, class or function body.
pub(crate) struct Code {
    pub(crate) name: Str,
    pub(crate) qualified_name: Str,
    pub(crate) source: Rc<Source>,
    pub(crate) kind: CodeKind,
    pub(crate) ops: Vec<Op>,
    pub(crate) spans: Vec<Span>,
    pub(crate) constants: Vec<Value>,
    pub(crate) names: Vec<Name>,
    /// Where each name was last found in the globals: a hint, checked on use.
    pub(crate) hints: Vec<Cell<u32>>,
    pub(crate) codes: Vec<Rc<Code>>,
    pub(crate) keyword_names: Vec<Rc<[Str]>>,
    pub(crate) annotations: Vec<AnnotationText>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) local_names: Vec<Str>,
    /// Names of variables that closures share: own ones, then those of enclosing functions.
    pub(crate) cell_names: Vec<Str>,
    pub(crate) own_cells: usize,
    /// For each parameter that closures capture: parameter slot and cell.
    pub(crate) cell_parameters: Vec<(u32, u32)>,
    pub(crate) parameters: Parameters,
    pub(crate) generator: Option<GeneratorKind>,
    pub(crate) documentation: Option<Str>,
    /// Part of the standard library written in Python: hidden in tracebacks and stepping.
    pub(crate) internal: bool,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.qualified_name)
    }
}

/// An instruction. `u32` operands index the tables of the code object or are jump targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    /// A statement begins.
    Statement,
    Nothing,
    Const(u32),
    Pop,
    Dup,
    /// `a b` becomes `a b a b`.
    DupTwo,
    Swap,
    /// `a b c` becomes `c a b`.
    Rotate3,
    LoadFast(u32),
    StoreFast(u32),
    DeleteFast(u32),
    LoadCell(u32),
    StoreCell(u32),
    DeleteCell(u32),
    LoadGlobal(u32),
    StoreGlobal(u32),
    DeleteGlobal(u32),
    /// Names in class bodies: the namespace first.
    LoadName(u32),
    StoreName(u32),
    DeleteName(u32),
    /// A name in a class body that an enclosing function also has.
    LoadNameOrCell(u16, u16),
    /// A name in an annotation: a forward reference if it does not exist.
    LoadLenient(u32),
    LoadLenientCell(u16, u16),
    LoadAttribute(u32),
    StoreAttribute(u32),
    DeleteAttribute(u32),
    LoadMethod(u32),
    LoadItem,
    StoreItem,
    DeleteItem,
    BuildSlice(u32),
    BuildTuple(u32),
    BuildList(u32),
    BuildSet(u32),
    BuildDict(u32),
    BuildString(u32),
    /// Appends to the list this deep in the stack.
    ListAppend(u32),
    SetAdd(u32),
    DictAdd(u32),
    ListExtend,
    SetExtend,
    /// Merges a mapping into the dict below it; in calls, twice the same key is an error.
    DictMerge(bool),
    ListToTuple,
    Binary(BinaryOperator),
    InPlace(BinaryOperator),
    Unary(UnaryOperator),
    Not,
    Compare(Compare),
    Is(bool),
    Contains(bool),
    Jump(u32),
    JumpIfFalse(u32),
    JumpIfTrue(u32),
    /// Jumps and keeps the value, or drops it and goes on.
    JumpIfFalseKeep(u32),
    JumpIfTrueKeep(u32),
    GetIter,
    ForIter(u32),
    Unpack(u32),
    UnpackRest(u16, u16),
    Call(u32),
    CallKeywords(u16, u16),
    CallMethod(u32),
    CallMethodKeywords(u16, u16),
    /// Callable, tuple or list of positional arguments, dict of keywords.
    CallSpread,
    /// Builds a function: flags say which of defaults, keyword defaults, annotations are on the
    /// stack.
    MakeFunction(u16, u16),
    Return,
    Yield,
    GetYieldFrom,
    GetAwaitable,
    GetAsyncIter,
    GetAsyncNext,
    /// If the exception being handled ends an `async for`, drops it and goes on; else raises it.
    EndAsyncFor,
    Send(u32),
    /// Class name and body are the code object; the stack has bases and keywords.
    MakeClass(u32),
    ImportName(u32),
    /// `import a.b as c`: walks from the top module to the named one.
    ImportFrom(u32),
    ImportStar,
    Raise(u32),
    Reraise,
    LoadHandled,
    PopHandled,
    /// Jumps if the exception being handled does not match the class on the stack.
    MatchException(u32),
    WithEnter(bool),
    /// Pushes the three arguments that `__exit__` gets for the exception being handled.
    ExitArguments,
    /// Conversion (0, `s`, `r`, `a`) and whether a format specification is on the stack.
    Format(u8, bool),
    Display,
    Annotate(u32),
    LoadAssertionError,
    MatchSequence,
    MatchMapping,
    /// Takes subject and a tuple of keys, pushes a tuple of values or `None`.
    MatchKeys,
    /// Subject, class; positional count and keyword names: pushes a tuple or `None`.
    MatchClass(u16, u16),
    /// The rest of a mapping without some keys.
    MatchRest,
    Length,
}
