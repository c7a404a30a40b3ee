//! The one error type of this crate: a kind named as in `sqlalchemy.exc`, and its message to the letter.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// What `Result` means in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The exception class an error stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `sqlalchemy.exc.AmbiguousForeignKeysError`
    AmbiguousForeignKeysError,
    /// `sqlalchemy.exc.ArgumentError`
    ArgumentError,
    /// `sqlalchemy.exc.CircularDependencyError`
    CircularDependencyError,
    /// `sqlalchemy.exc.CompileError`
    CompileError,
    /// `sqlalchemy.exc.ConstraintColumnNotFoundError`
    ConstraintColumnNotFoundError,
    /// `sqlalchemy.exc.DuplicateColumnError`
    DuplicateColumnError,
    /// `sqlalchemy.exc.IdentifierError`
    IdentifierError,
    /// `sqlalchemy.exc.InvalidRequestError`
    InvalidRequestError,
    /// `sqlalchemy.exc.NoForeignKeysError`
    NoForeignKeysError,
    /// `sqlalchemy.exc.NoReferencedColumnError`
    NoReferencedColumnError,
    /// `sqlalchemy.exc.NoReferencedTableError`
    NoReferencedTableError,
    /// `sqlalchemy.exc.NoSuchColumnError`
    NoSuchColumnError,
    /// `sqlalchemy.exc.NoSuchModuleError`
    NoSuchModuleError,
    /// `sqlalchemy.exc.NoSuchTableError`
    NoSuchTableError,
    /// `sqlalchemy.exc.StatementError`
    StatementError,
    /// `sqlalchemy.exc.UnsupportedCompilationError`
    UnsupportedCompilationError,
    /// Python's `AttributeError`
    AttributeError,
    /// Python's `KeyError`
    KeyError,
    /// Python's `LookupError`
    LookupError,
    /// Python's `NotImplementedError`
    NotImplementedError,
    /// Python's `TypeError`
    TypeError,
    /// Python's `ValueError`
    ValueError,
    /// An exception of the script itself, raised inside a hook; the payload holds it.
    Foreign,
}

impl ErrorKind {
    /// The Python class name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AmbiguousForeignKeysError => "AmbiguousForeignKeysError",
            Self::ArgumentError => "ArgumentError",
            Self::CircularDependencyError => "CircularDependencyError",
            Self::CompileError => "CompileError",
            Self::ConstraintColumnNotFoundError => "ConstraintColumnNotFoundError",
            Self::DuplicateColumnError => "DuplicateColumnError",
            Self::IdentifierError => "IdentifierError",
            Self::InvalidRequestError => "InvalidRequestError",
            Self::NoForeignKeysError => "NoForeignKeysError",
            Self::NoReferencedColumnError => "NoReferencedColumnError",
            Self::NoReferencedTableError => "NoReferencedTableError",
            Self::NoSuchColumnError => "NoSuchColumnError",
            Self::NoSuchModuleError => "NoSuchModuleError",
            Self::NoSuchTableError => "NoSuchTableError",
            Self::StatementError => "StatementError",
            Self::UnsupportedCompilationError => "UnsupportedCompilationError",
            Self::AttributeError => "AttributeError",
            Self::KeyError => "KeyError",
            Self::LookupError => "LookupError",
            Self::NotImplementedError => "NotImplementedError",
            Self::TypeError => "TypeError",
            Self::ValueError => "ValueError",
            Self::Foreign => "Exception",
        }
    }

    /// Whether the class lives in `sqlalchemy.exc` rather than in Python's builtins.
    pub fn is_sqlalchemy(self) -> bool {
        !matches!(
            self,
            Self::AttributeError
                | Self::KeyError
                | Self::LookupError
                | Self::NotImplementedError
                | Self::TypeError
                | Self::ValueError
                | Self::Foreign
        )
    }
}

/// An error of schema, expression, statement or compilation.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    /// The exception class.
    kind: ErrorKind,
    /// The message without the background link.
    message: String,
    /// SQLAlchemy's four-letter code of the background page.
    code: Option<&'static str>,
    /// The script's own exception, for `ErrorKind::Foreign`.
    payload: Option<Rc<dyn Any>>,
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),* $(,)?) => {
        $(
            #[doc = concat!("An error of kind `", stringify!($kind), "`.")]
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            }
        )*
    };
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), code: None, payload: None }))
    }

    /// The script's own exception, carried through this crate unchanged.
    pub fn foreign(payload: Rc<dyn Any>, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Foreign, message);
        error.0.payload = Some(payload);
        error
    }

    constructors! {
        argument => ArgumentError,
        compile => CompileError,
        invalid_request => InvalidRequestError,
        unsupported_compilation => UnsupportedCompilationError,
        attribute => AttributeError,
        key => KeyError,
        lookup => LookupError,
        not_implemented => NotImplementedError,
        type_error => TypeError,
        value => ValueError,
    }

    /// The same error with the code of its background page.
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// The exception class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without the background link.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The code of the background page, such as `cd3x`.
    pub fn code(&self) -> Option<&'static str> {
        self.0.code
    }

    /// The script's own exception, for `ErrorKind::Foreign`.
    pub fn payload(&self) -> Option<&Rc<dyn Any>> {
        self.0.payload.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(code) = self.0.code {
            write!(f, " (Background on this error at: https://sqlalche.me/e/21/{code})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.0.kind.name())
    }
}

impl std::error::Error for Error {}
