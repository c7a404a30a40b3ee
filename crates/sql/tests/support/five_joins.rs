//! A shop's tables and a select of five joins over them, for a test and a benchmark.

use vidro_sql::Result;
use vidro_sql::expr::{Expr, IntoExpr as _};
use vidro_sql::from::FromClause;
use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;
use vidro_sql::types::Type;

/// Customers, their purchases, and what they bought of whom.
pub(crate) struct Shop {
    _metadata: MetaData,
    supplier: Table,
    category: Table,
    product: Table,
    customer: Table,
    purchase: Table,
    line: Table,
}

impl Shop {
    /// The tables.
    pub(crate) fn new() -> Self {
        let metadata = MetaData::new();
        let table = |name: &str, references: &[&str]| {
            let mut columns = vec![ColumnSpec::new("id", Type::integer()).primary_key()];
            for other in references {
                let key = ColumnSpec::new(&*format!("{other}_id"), Type::null());
                columns.push(key.references(&format!("{other}.id")));
            }
            columns.push(ColumnSpec::new("name", Type::string_of(50)));
            columns.push(ColumnSpec::new("price", Type::integer()));
            columns.push(ColumnSpec::new("count", Type::integer()));
            let items = columns.into_iter().map(|spec| TableItem::Column(spec.build())).collect();
            Table::new(name, &metadata, items, TableOptions::default()).expect("a table")
        };
        Self {
            supplier: table("supplier", &[]),
            category: table("category", &[]),
            product: table("product", &["category", "supplier"]),
            customer: table("customer", &[]),
            purchase: table("purchase", &["customer"]),
            line: table("line", &["purchase", "product"]),
            _metadata: metadata,
        }
    }

    /// How many pieces of products dearer than `price` each customer bought.
    pub(crate) fn select(&self, price: i64) -> Result<Statement> {
        let pieces =
            Expr::function("sum", vec![self.line.c("count")?.into_operand()])?.label("pieces");
        let columns = [self.customer.c("name")?, self.product.c("name")?, pieces];
        let joined = |left: &Table, key: &str, right: &Table| left.c(key)?.eq(right.c("id")?);
        let select = Select::new(columns)
            .select_from(FromClause::from(&self.customer))
            .join(&self.purchase, Some(joined(&self.purchase, "customer_id", &self.customer)?))
            .join(&self.line, Some(joined(&self.line, "purchase_id", &self.purchase)?))
            .join(&self.product, Some(joined(&self.line, "product_id", &self.product)?))
            .join(&self.category, Some(joined(&self.product, "category_id", &self.category)?))
            .join(&self.supplier, Some(joined(&self.product, "supplier_id", &self.supplier)?))
            .where_(self.category.c("name")?.eq("books")?)
            .where_(self.purchase.c("name")?.in_values(["new", "paid"])?)
            .where_(self.product.c("price")?.gt(price)?)
            .group_by(self.customer.c("name")?)
            .group_by(self.product.c("name")?)
            .order_by(self.product.c("name")?)
            .limit(20)?;
        Ok(select.into())
    }
}
