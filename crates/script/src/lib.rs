//! SQLAlchemy's names in the script language.
