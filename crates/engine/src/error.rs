//! The one error type of this crate: a class named as in `sqlalchemy.exc`, its message, and the statement it concerns.

use std::fmt;
use std::rc::Rc;

use vidro_sql::Value;

use crate::driver::{DbapiClass, DriverError};
use crate::echo;

/// What `Result` means in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The exception class an error stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An error that a database driver raised, wrapped under SQLAlchemy's class of the same name.
    Dbapi(DbapiClass),
    /// An error of another kind, raised while a statement was prepared, with that statement.
    StatementError,
    /// `sqlalchemy.exc.DisconnectionError`
    DisconnectionError,
    /// `sqlalchemy.exc.MultipleResultsFound`
    MultipleResultsFound,
    /// `sqlalchemy.exc.NoInspectionAvailable`
    NoInspectionAvailable,
    /// `sqlalchemy.exc.NoResultFound`
    NoResultFound,
    /// `sqlalchemy.exc.NoSuchModuleError`
    NoSuchModuleError,
    /// `sqlalchemy.exc.ObjectNotExecutableError`
    ObjectNotExecutableError,
    /// `sqlalchemy.exc.PendingRollbackError`
    PendingRollbackError,
    /// `sqlalchemy.exc.ResourceClosedError`
    ResourceClosedError,
    /// `sqlalchemy.exc.TimeoutError`
    TimeoutError,
    /// Python's `IndexError`
    IndexError,
    /// Python's `ModuleNotFoundError`
    ModuleNotFoundError,
    /// Python's `OverflowError`
    OverflowError,
    /// A class that statements and schema raise as well.
    Sql(vidro_sql::ErrorKind),
}

impl ErrorKind {
    /// The Python class name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dbapi(class) => class.name(),
            Self::StatementError => "StatementError",
            Self::DisconnectionError => "DisconnectionError",
            Self::MultipleResultsFound => "MultipleResultsFound",
            Self::NoInspectionAvailable => "NoInspectionAvailable",
            Self::NoResultFound => "NoResultFound",
            Self::NoSuchModuleError => "NoSuchModuleError",
            Self::ObjectNotExecutableError => "ObjectNotExecutableError",
            Self::PendingRollbackError => "PendingRollbackError",
            Self::ResourceClosedError => "ResourceClosedError",
            Self::TimeoutError => "TimeoutError",
            Self::IndexError => "IndexError",
            Self::ModuleNotFoundError => "ModuleNotFoundError",
            Self::OverflowError => "OverflowError",
            Self::Sql(kind) => kind.name(),
        }
    }

    /// Whether the class lives in `sqlalchemy.exc` rather than in Python's builtins.
    pub fn is_sqlalchemy(self) -> bool {
        match self {
            Self::IndexError | Self::ModuleNotFoundError | Self::OverflowError => false,
            Self::Sql(kind) => kind.is_sqlalchemy(),
            Self::Dbapi(_)
            | Self::StatementError
            | Self::DisconnectionError
            | Self::MultipleResultsFound
            | Self::NoInspectionAvailable
            | Self::NoResultFound
            | Self::NoSuchModuleError
            | Self::ObjectNotExecutableError
            | Self::PendingRollbackError
            | Self::ResourceClosedError
            | Self::TimeoutError => true,
        }
    }
}

/// An error of engine, pool, connection or result.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    /// The exception class.
    kind: ErrorKind,
    /// The message without statement and background link.
    message: String,
    /// SQLAlchemy's four-letter code of the background page.
    code: Option<&'static str>,
    /// The statement that failed.
    statement: Option<Rc<FailedStatement>>,
    /// What the driver raised.
    orig: Option<DriverError>,
    /// The error of the statement layer this one wraps or is.
    sql: Option<vidro_sql::Error>,
    /// Whether the connection was found dead and has been thrown away.
    connection_invalidated: bool,
}

/// The statement an error concerns, as its message shows it.
#[derive(Clone, Debug)]
pub struct FailedStatement {
    /// The SQL text.
    pub sql: String,
    /// One parameter set, or many for an executemany.
    pub parameters: Vec<Vec<Value>>,
    /// Whether `parameters` is shown as a list of sets.
    pub many: bool,
    /// Whether `hide_parameters=True` is set on the engine.
    pub hide: bool,
    /// The parameters as they are shown, where that is not as the driver takes them.
    pub text: Option<String>,
}

macro_rules! constructors {
    ($($name:ident => $kind:expr),* $(,)?) => {
        $(
            #[doc = concat!("An error of class `", stringify!($name), "`.")]
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new($kind, message)
            }
        )*
    };
}

impl Error {
    /// An error of any class.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            statement: None,
            orig: None,
            sql: None,
            connection_invalidated: false,
        }))
    }

    constructors! {
        argument => ErrorKind::Sql(vidro_sql::ErrorKind::ArgumentError),
        invalid_request => ErrorKind::Sql(vidro_sql::ErrorKind::InvalidRequestError),
        attribute => ErrorKind::Sql(vidro_sql::ErrorKind::AttributeError),
        key => ErrorKind::Sql(vidro_sql::ErrorKind::KeyError),
        value => ErrorKind::Sql(vidro_sql::ErrorKind::ValueError),
        type_error => ErrorKind::Sql(vidro_sql::ErrorKind::TypeError),
        not_implemented => ErrorKind::Sql(vidro_sql::ErrorKind::NotImplementedError),
        no_such_table => ErrorKind::Sql(vidro_sql::ErrorKind::NoSuchTableError),
        no_such_column => ErrorKind::Sql(vidro_sql::ErrorKind::NoSuchColumnError),
        multiple_results_found => ErrorKind::MultipleResultsFound,
        no_result_found => ErrorKind::NoResultFound,
        no_such_module => ErrorKind::NoSuchModuleError,
        pending_rollback => ErrorKind::PendingRollbackError,
        resource_closed => ErrorKind::ResourceClosedError,
        timeout => ErrorKind::TimeoutError,
        index => ErrorKind::IndexError,
        module_not_found => ErrorKind::ModuleNotFoundError,
    }

    /// What the driver raised, under SQLAlchemy's class of the same name.
    pub fn dbapi(orig: DriverError) -> Self {
        let message = format!("({}.{}) {}", orig.module, orig.class.name(), orig.message);
        let mut error = Self::new(ErrorKind::Dbapi(orig.class), message);
        error.0.code = Some(orig.class.code());
        error.0.orig = Some(orig);
        error
    }

    /// An error of the statement layer, raised while `statement` was being prepared to run.
    pub fn statement_error(source: vidro_sql::Error, statement: FailedStatement) -> Self {
        let module = if source.kind().is_sqlalchemy() { "sqlalchemy.exc" } else { "builtins" };
        let message = format!("({module}.{}) {}", source.kind().name(), source.message());
        let mut error = Self::new(ErrorKind::StatementError, message);
        error.0.code = source.code();
        error.0.sql = Some(source);
        error.with_statement(statement)
    }

    /// The same error with the code of its background page.
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// The same error with another message.
    pub fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// The same error with the statement that failed.
    pub fn with_statement(mut self, statement: FailedStatement) -> Self {
        self.0.statement = Some(Rc::new(statement));
        self
    }

    /// The same error, saying that the connection has been thrown away.
    pub fn invalidating(mut self) -> Self {
        self.0.connection_invalidated = true;
        self
    }

    /// The exception class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without statement and background link.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The code of the background page, such as `gkpj`.
    pub fn code(&self) -> Option<&'static str> {
        self.0.code
    }

    /// The statement that failed.
    pub fn statement(&self) -> Option<&FailedStatement> {
        self.0.statement.as_deref()
    }

    /// What the driver raised: the exception's `orig`.
    pub fn orig(&self) -> Option<&DriverError> {
        self.0.orig.as_ref()
    }

    /// The error of the statement layer this one wraps or is.
    pub fn sql_error(&self) -> Option<&vidro_sql::Error> {
        self.0.sql.as_ref()
    }

    /// Whether the connection was found dead and has been thrown away.
    pub fn connection_invalidated(&self) -> bool {
        self.0.connection_invalidated
    }

    /// Whether a constraint of the database was violated.
    pub fn is_integrity(&self) -> bool {
        self.0.kind == ErrorKind::Dbapi(DbapiClass::IntegrityError)
    }

    /// Whether this is an exception of the script, passing through.
    pub fn is_foreign(&self) -> bool {
        self.0.kind == ErrorKind::Sql(vidro_sql::ErrorKind::Foreign)
    }
}

impl From<vidro_sql::Error> for Error {
    fn from(source: vidro_sql::Error) -> Self {
        let mut error = Self::new(ErrorKind::Sql(source.kind()), source.message());
        error.0.code = source.code();
        error.0.sql = Some(source);
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let statement_class =
            matches!(self.0.kind, ErrorKind::Dbapi(_) | ErrorKind::StatementError);
        if let Some(statement) = &self.0.statement {
            write!(f, "\n[SQL: {}]", statement.sql)?;
            let empty = if statement.text.is_some() {
                false
            } else if statement.many {
                statement.parameters.is_empty()
            } else {
                statement.parameters.first().is_none_or(Vec::is_empty)
            };
            if statement.hide && !empty {
                f.write_str("\n[SQL parameters hidden due to hide_parameters=True]")?;
            } else if !empty {
                let text = if let Some(text) = &statement.text {
                    text.clone()
                } else if statement.many {
                    echo::repr_sets(&statement.parameters)
                } else {
                    echo::repr_set(statement.parameters.first().map_or(&[], Vec::as_slice))
                };
                write!(f, "\n[parameters: {text}]")?;
            }
        }
        if let Some(code) = self.0.code {
            let separator = if statement_class { "\n" } else { " " };
            write!(f, "{separator}(Background on this error at: https://sqlalche.me/e/21/{code})")?;
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
