//! The table of modules and their names.

use vidro_python::{Args, Raise, Value, Vm};

use super::STATEMENTS;
use crate::{engine, events, expression};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Some names of a module.
pub(super) enum Part {
    /// Classes of one defining module.
    Classes(&'static str, &'static str),
    /// Types, those of a dialect first.
    Types(&'static str),
    /// Exceptions of one defining module.
    Errors(&'static str),
    /// Functions.
    Functions(&'static [(&'static str, Call)]),
    /// Names that [`super::special`] makes.
    Values(&'static str),
    /// Modules inside.
    Modules(&'static str),
    /// `Session` and its kin, queries and loader options.
    Session,
    /// Declarative mapping.
    Mapping,
}

use Part::{Classes, Errors, Functions, Mapping, Modules, Session, Types, Values};

const SCHEMA: Part = Classes(
    "sqlalchemy.sql.schema",
    "MetaData Table Column ForeignKey Constraint PrimaryKeyConstraint UniqueConstraint \
     ForeignKeyConstraint CheckConstraint Index Sequence ColumnDefault DefaultClause FetchedValue \
     Computed Identity SchemaItem",
);
const DDL: Part = Classes(
    "sqlalchemy.sql.ddl",
    "CreateTable DropTable CreateColumn CreateIndex DropIndex CreateSequence DropSequence CreateSchema DropSchema \
     AddConstraint DropConstraint SetTableComment SetColumnComment DDL ExecutableDDLElement",
);
const ELEMENTS: Part = Classes(
    "sqlalchemy.sql.elements",
    "ClauseElement ColumnElement ColumnClause BindParameter Null True_ False_ TextClause \
     UnaryExpression BinaryExpression BooleanClauseList ExpressionClauseList ClauseList Tuple \
     Grouping Label Case Cast TryCast TypeCoerce Extract Over WithinGroup FunctionFilter \
     CollectionAggregate ScalarSelect Exists quoted_name",
);
const SELECTABLE: Part = Classes(
    "sqlalchemy.sql.selectable",
    "FromClause TableClause Alias Subquery CTE Lateral TableSample TableValuedAlias Join Values \
     SelectBase Select CompoundSelect TextualSelect AliasedReturnsRows",
);
const DML: Part = Classes("sqlalchemy.sql.dml", "Insert Update Delete UpdateBase");
const ENGINE: Part = Classes(
    "sqlalchemy.engine.base",
    "Engine Connection Transaction RootTransaction NestedTransaction",
);
const RESULT: Part = Classes("sqlalchemy.engine.result", "Result ScalarResult MappingResult");
const LABELS: Part = Values(
    "LABEL_STYLE_DEFAULT LABEL_STYLE_DISAMBIGUATE_ONLY LABEL_STYLE_NONE \
     LABEL_STYLE_TABLENAME_PLUS_COL",
);
const POOLS: Part = Classes(
    "sqlalchemy.pool.impl",
    "QueuePool NullPool StaticPool SingletonThreadPool AssertionPool AsyncAdaptedQueuePool",
);

/// Every module that is made of native names.
pub(super) const MODULES: &[(&str, &[Part])] = &[
    (
        "sqlalchemy",
        &[
            SCHEMA,
            DDL,
            ELEMENTS,
            SELECTABLE,
            DML,
            ENGINE,
            RESULT,
            POOLS,
            Classes("sqlalchemy.engine.row", "Row RowMapping"),
            Classes("sqlalchemy.engine.url", "URL"),
            Classes("sqlalchemy.engine.reflection", "Inspector"),
            Classes("sqlalchemy.engine.cursor", "CursorResult"),
            Classes("sqlalchemy.sql.functions", "Function FunctionElement"),
            Classes("sqlalchemy.sql.operators", "ColumnOperators"),
            Classes("sqlalchemy.sql._annotated_cols", "Named TypedColumns"),
            Types("sqlalchemy"),
            Functions(expression::FUNCTIONS),
            Functions(STATEMENTS),
            Functions(engine::FUNCTIONS),
            LABELS,
            Values("func __version__"),
            Modules("exc event types schema sql engine"),
        ],
    ),
    ("sqlalchemy.exc", &[Errors("sqlalchemy.exc")]),
    (
        "sqlalchemy.types",
        &[Types("sqlalchemy"), Functions(&[("to_instance", crate::types::to_instance)])],
    ),
    ("sqlalchemy.schema", &[SCHEMA, DDL]),
    ("sqlalchemy.event", &[Functions(events::FUNCTIONS)]),
    ("sqlalchemy.inspection", &[Functions(STATEMENTS)]),
    ("sqlalchemy.pool", &[POOLS, Classes("sqlalchemy.pool.base", "Pool")]),
    (
        "sqlalchemy.engine",
        &[
            ENGINE,
            RESULT,
            Classes("sqlalchemy.engine.row", "Row RowMapping"),
            Classes("sqlalchemy.engine.url", "URL"),
            Classes("sqlalchemy.engine.reflection", "Inspector"),
            Classes("sqlalchemy.engine.cursor", "CursorResult"),
            Classes("sqlalchemy.engine.interfaces", "Dialect"),
            Functions(engine::FUNCTIONS),
            Functions(STATEMENTS),
        ],
    ),
    ("sqlalchemy.engine.base", &[ENGINE]),
    (
        "sqlalchemy.engine.url",
        &[Classes("sqlalchemy.engine.url", "URL"), Functions(engine::FUNCTIONS)],
    ),
    ("sqlalchemy.engine.reflection", &[Classes("sqlalchemy.engine.reflection", "Inspector")]),
    ("sqlalchemy.engine.default", &[Classes("sqlalchemy.engine.default", "DefaultDialect")]),
    ("sqlalchemy.engine.result", &[RESULT]),
    ("sqlalchemy.engine.row", &[Classes("sqlalchemy.engine.row", "Row RowMapping")]),
    (
        "sqlalchemy.sql",
        &[
            ELEMENTS,
            SELECTABLE,
            DML,
            SCHEMA,
            Functions(expression::FUNCTIONS),
            Functions(STATEMENTS),
            LABELS,
            Values("func"),
            Modules("expression functions elements selectable schema sqltypes operators"),
        ],
    ),
    (
        "sqlalchemy.sql.expression",
        &[
            ELEMENTS,
            SELECTABLE,
            DML,
            Functions(expression::FUNCTIONS),
            Functions(STATEMENTS),
            Values("func"),
        ],
    ),
    (
        "sqlalchemy.sql.functions",
        &[
            Classes("sqlalchemy.sql.functions", "Function FunctionElement GenericFunction"),
            Values("func"),
        ],
    ),
    ("sqlalchemy.sql.elements", &[ELEMENTS]),
    ("sqlalchemy.sql.selectable", &[SELECTABLE]),
    ("sqlalchemy.sql.dml", &[DML]),
    ("sqlalchemy.sql.ddl", &[DDL]),
    ("sqlalchemy.sql.schema", &[SCHEMA]),
    ("sqlalchemy.sql.sqltypes", &[Types("sqlalchemy")]),
    ("sqlalchemy.sql.type_api", &[Types("sqlalchemy")]),
    (
        "sqlalchemy.sql.operators",
        &[
            Classes("sqlalchemy.sql.operators", "ColumnOperators"),
            Functions(&[("custom_op", expression::operators::custom_op)]),
        ],
    ),
    (
        "sqlalchemy.orm",
        &[
            Classes("sqlalchemy.orm.attributes", "QueryableAttribute InstrumentedAttribute"),
            Classes("sqlalchemy.orm.mapper", "Mapper"),
            Classes("sqlalchemy.orm.state", "InstanceState"),
            Classes("sqlalchemy.orm.properties", "MappedColumn"),
            Classes("sqlalchemy.orm.interfaces", "ColumnProperty RelationshipProperty"),
            Classes("sqlalchemy.orm.descriptor_props", "CompositeProperty Composite Synonym"),
            Classes("sqlalchemy.orm.relationships", "Relationship"),
            Classes("sqlalchemy.orm.util", "AliasedClass Bundle"),
            Classes("sqlalchemy.orm.writeonly", "WriteOnlyCollection"),
            Classes("sqlalchemy.orm.dynamic", "AppenderQuery"),
            Values("ONETOMANY MANYTOONE MANYTOMANY NO_VALUE"),
            Mapping,
            Session,
            Modules("exc attributes"),
        ],
    ),
    (
        "sqlalchemy.orm.exc",
        &[
            Errors("sqlalchemy.orm.exc"),
            Classes("sqlalchemy.exc", "NoResultFound MultipleResultsFound"),
        ],
    ),
    ("sqlalchemy.orm.session", &[Session, Functions(STATEMENTS)]),
    ("sqlalchemy.orm.query", &[Session]),
    ("sqlalchemy.orm.decl_api", &[Mapping]),
    ("sqlalchemy.orm.base", &[Mapping]),
    ("sqlalchemy.orm.relationships", &[Mapping]),
    ("sqlalchemy.orm.properties", &[Mapping]),
    ("sqlalchemy.orm.util", &[Mapping]),
    ("sqlalchemy.orm.mapper", &[Classes("sqlalchemy.orm.mapper", "Mapper")]),
    ("sqlalchemy.orm.state", &[Classes("sqlalchemy.orm.state", "InstanceState")]),
    (
        "sqlalchemy.orm.attributes",
        &[
            Classes(
                "sqlalchemy.orm.attributes",
                "QueryableAttribute InstrumentedAttribute History",
            ),
            Functions(events::ATTRIBUTES),
            Values("NO_VALUE"),
        ],
    ),
    ("sqlalchemy.orm.collections", &[Classes("sqlalchemy.orm.collections", "InstrumentedList")]),
    ("sqlalchemy.orm.strategy_options", &[Session]),
    ("sqlalchemy.ext", &[]),
    ("sqlalchemy.ext.declarative", &[Mapping]),
    ("sqlalchemy.dialects", &[Modules("sqlite postgresql mysql oracle")]),
    (
        "sqlalchemy.dialects.sqlite",
        &[
            Types("sqlite"),
            Functions(&[("insert", |vm, args| expression::insert_for(vm, &args, "sqlite"))]),
        ],
    ),
    (
        "sqlalchemy.dialects.postgresql",
        &[
            Types("postgresql"),
            Functions(&[
                ("insert", |vm, args| expression::insert_for(vm, &args, "postgresql")),
                ("array", expression::array),
                ("aggregate_order_by", expression::aggregate_order_by),
            ]),
        ],
    ),
    (
        "sqlalchemy.dialects.mysql",
        &[
            Types("mysql"),
            Functions(&[("insert", |vm, args| expression::insert_for(vm, &args, "mysql"))]),
        ],
    ),
    (
        "sqlalchemy.dialects.mariadb",
        &[
            Types("mariadb"),
            Functions(&[("insert", |vm, args| expression::insert_for(vm, &args, "mysql"))]),
        ],
    ),
    ("sqlalchemy.dialects.oracle", &[Types("oracle")]),
    ("sqlite3", &[Errors("sqlite3"), Classes("sqlite3", "Connection Cursor")]),
];

/// The modules of DBAPI drivers; each holds a `dialect`.
pub(super) const DRIVERS: &[&str] = &[
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.postgresql.pg8000",
    "sqlalchemy.dialects.mysql.mysqldb",
    "sqlalchemy.dialects.mysql.pymysql",
    "sqlalchemy.dialects.mysql.mysqlconnector",
    "sqlalchemy.dialects.mysql.mariadbconnector",
    "sqlalchemy.dialects.mysql.aiomysql",
    "sqlalchemy.dialects.mysql.asyncmy",
    "sqlalchemy.dialects.oracle.oracledb",
    "sqlalchemy.dialects.oracle.cx_oracle",
];
