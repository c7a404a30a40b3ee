//! The one error type of this crate: named as in `sqlalchemy.exc` and `sqlalchemy.orm.exc`, worded to the letter.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// What `Result` means in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The exception class an error stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorKind { $($(#[$doc])* $name),* }

        impl ErrorKind {
            /// The Python class name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

kinds! {
    /// `sqlalchemy.orm.exc.DetachedInstanceError`
    DetachedInstanceError,
    /// `sqlalchemy.orm.exc.FlushError`
    FlushError,
    /// `sqlalchemy.orm.exc.MappedAnnotationError`
    MappedAnnotationError,
    /// `sqlalchemy.orm.exc.ObjectDeletedError`
    ObjectDeletedError,
    /// `sqlalchemy.orm.exc.ObjectDereferencedError`
    ObjectDereferencedError,
    /// `sqlalchemy.orm.exc.StaleDataError`
    StaleDataError,
    /// `sqlalchemy.orm.exc.UnmappedClassError`
    UnmappedClassError,
    /// `sqlalchemy.orm.exc.UnmappedColumnError`
    UnmappedColumnError,
    /// `sqlalchemy.orm.exc.UnmappedInstanceError`
    UnmappedInstanceError,
    /// `sqlalchemy.exc.AmbiguousForeignKeysError`
    AmbiguousForeignKeysError,
    /// `sqlalchemy.exc.ArgumentError`
    ArgumentError,
    /// `sqlalchemy.exc.CircularDependencyError`
    CircularDependencyError,
    /// `sqlalchemy.exc.IllegalStateChangeError`
    IllegalStateChangeError,
    /// `sqlalchemy.exc.InvalidRequestError`
    InvalidRequestError,
    /// `sqlalchemy.exc.MultipleResultsFound`
    MultipleResultsFound,
    /// `sqlalchemy.exc.NoForeignKeysError`
    NoForeignKeysError,
    /// `sqlalchemy.exc.NoInspectionAvailable`
    NoInspectionAvailable,
    /// `sqlalchemy.exc.NoResultFound`
    NoResultFound,
    /// `sqlalchemy.exc.PendingRollbackError`
    PendingRollbackError,
    /// `sqlalchemy.exc.ResourceClosedError`
    ResourceClosedError,
    /// `sqlalchemy.exc.UnboundExecutionError`
    UnboundExecutionError,
    /// Python's `AttributeError`
    AttributeError,
    /// Python's `AssertionError`
    AssertionError,
    /// Python's `IndexError`
    IndexError,
    /// Python's `TypeError`
    TypeError,
    /// Python's `ValueError`
    ValueError,
    /// An error of `vidro-sql`, whose own kind names the class.
    Sql,
    /// An error of `vidro-engine`, whose own kind names the class.
    Engine,
    /// An exception of the script itself, raised in a callback; the payload holds it.
    Foreign,
}

/// An error of mapping, session, flush or load.
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
    /// A remark before the message.
    detail: Option<&'static str>,
    /// What lies beneath: an error of a lower crate or the script's exception.
    source: Source,
}

#[derive(Clone)]
enum Source {
    None,
    Sql(vidro_sql::Error),
    Engine(Rc<vidro_engine::Error>),
    Foreign(Rc<dyn Any>),
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
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            detail: None,
            source: Source::None,
        }))
    }

    constructors! {
        argument => ArgumentError,
        assertion => AssertionError,
        attribute => AttributeError,
        circular => CircularDependencyError,
        flush => FlushError,
        index => IndexError,
        invalid_request => InvalidRequestError,
        object_deleted => ObjectDeletedError,
        stale_data => StaleDataError,
        type_error => TypeError,
        unbound => UnboundExecutionError,
        unmapped_class => UnmappedClassError,
        unmapped_instance => UnmappedInstanceError,
        value => ValueError,
    }

    /// The error of loading through an object that is in no session.
    pub fn detached(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::DetachedInstanceError, message).with_code("bhk3")
    }

    /// The script's own exception, carried through this crate unchanged.
    pub fn foreign(payload: Rc<dyn Any>, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Foreign, message);
        error.0.source = Source::Foreign(payload);
        error
    }

    /// The same error with the code of its background page.
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// The same error with a remark before its message, where it tells of a statement.
    pub fn with_detail(mut self, detail: &'static str) -> Self {
        if self.as_engine().is_some_and(|error| error.statement().is_some()) {
            self.0.message = format!("({detail})\n{}", self.0.message);
            self.0.detail = Some(detail);
        }
        self
    }

    /// The remark before the message.
    pub fn detail(&self) -> Option<&'static str> {
        self.0.detail
    }

    /// The exception class; `Sql` and `Engine` defer to the wrapped error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without the background link.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The code of the background page, such as `bhk3`.
    pub fn code(&self) -> Option<&'static str> {
        self.0.code
    }

    /// The wrapped error of `vidro-sql`.
    pub fn as_sql(&self) -> Option<&vidro_sql::Error> {
        match &self.0.source {
            Source::Sql(error) => Some(error),
            _ => None,
        }
    }

    /// The wrapped error of `vidro-engine`.
    pub fn as_engine(&self) -> Option<&vidro_engine::Error> {
        match &self.0.source {
            Source::Engine(error) => Some(error),
            _ => None,
        }
    }

    /// The script's own exception, for `ErrorKind::Foreign`.
    pub fn payload(&self) -> Option<&Rc<dyn Any>> {
        match &self.0.source {
            Source::Foreign(payload) => Some(payload),
            _ => None,
        }
    }
}

impl From<vidro_sql::Error> for Error {
    fn from(error: vidro_sql::Error) -> Self {
        let mut wrapped = Self::new(ErrorKind::Sql, error.message());
        wrapped.0.code = error.code();
        wrapped.0.source = Source::Sql(error);
        wrapped
    }
}

impl From<vidro_engine::Error> for Error {
    fn from(error: vidro_engine::Error) -> Self {
        let mut wrapped = Self::new(ErrorKind::Engine, error.to_string());
        wrapped.0.source = Source::Engine(Rc::new(error));
        wrapped
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
