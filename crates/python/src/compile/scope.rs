//! Which name is local, shared with closures, or global: decided before code is made.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt, StmtClassDef,
    StmtFunctionDef,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    Lambda,
    Comprehension,
    /// An annotation, evaluated later: sees the names of the class around it.
    Annotation,
}

/// What is known of a name in a scope.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Symbol {
    pub(super) bound: bool,
    pub(super) global: bool,
    pub(super) nonlocal: bool,
    used: bool,
    /// Closures share it; it belongs to this scope.
    pub(super) cell: bool,
    /// Closures share it; it belongs to an enclosing scope.
    pub(super) free: bool,
}

/// One scope.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    parent: usize,
    /// Names in order of appearance.
    pub(super) names: Vec<(String, Symbol)>,
    index: FxHashMap<String, usize>,
    pub(super) yields: bool,
    pub(super) is_async: bool,
}

impl Scope {
    pub(super) fn get(&self, name: &str) -> Option<&Symbol> {
        self.names.get(*self.index.get(name)?).map(|(_, symbol)| symbol)
    }

    fn entry(&mut self, name: &str) -> Option<&mut Symbol> {
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                self.index.insert(name.to_owned(), self.names.len());
                self.names.push((name.to_owned(), Symbol::default()));
                self.names.len() - 1
            }
        };
        self.names.get_mut(at).map(|(_, symbol)| symbol)
    }

    /// Whether its names live in slots rather than in a namespace.
    pub(super) fn is_function(&self) -> bool {
        !matches!(self.kind, ScopeKind::Module | ScopeKind::Class)
    }
}

/// All scopes of a source text.
pub(super) struct Scopes {
    pub(super) all: Vec<Scope>,
    by_node: FxHashMap<(TextRange, ScopeKind), usize>,
    /// Errors: where, and what.
    pub(super) errors: Vec<(TextRange, String)>,
}

impl Scopes {
    /// The scope of a node.
    pub(super) fn of(&self, range: TextRange, kind: ScopeKind) -> usize {
        self.by_node.get(&(range, kind)).copied().unwrap_or(0)
    }
}

/// Finds the scopes of a program or an expression.
pub(super) fn analyze(body: &[Stmt], expression: Option<&Expr>) -> Scopes {
    let scopes = Scopes { all: Vec::new(), by_node: FxHashMap::default(), errors: Vec::new() };
    let mut analyzer = Analyzer { scopes, current: 0, classes: Vec::new(), nonlocals: Vec::new() };
    analyzer.open(TextRange::default(), ScopeKind::Module);
    analyzer.visit_body(body);
    if let Some(expression) = expression {
        analyzer.visit_expr(expression);
    }
    analyzer.resolve();
    analyzer.scopes
}

/// `_Class__name` for a private name.
pub(super) fn mangle(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    if name.starts_with("__") && !name.ends_with("__") && !class.is_empty() && !name.contains('.') {
        format!("_{class}{name}")
    } else {
        name.to_owned()
    }
}

struct Analyzer {
    scopes: Scopes,
    current: usize,
    classes: Vec<String>,
    /// Names declared nonlocal: in which scope, which, and where.
    nonlocals: Vec<(usize, String, TextRange)>,
}

impl Analyzer {
    fn open(&mut self, range: TextRange, kind: ScopeKind) -> usize {
        let at = self.scopes.all.len();
        self.scopes.all.push(Scope {
            kind,
            parent: self.current,
            names: Vec::new(),
            index: FxHashMap::default(),
            yields: false,
            is_async: false,
        });
        self.scopes.by_node.insert((range, kind), at);
        std::mem::replace(&mut self.current, at)
    }

    fn close(&mut self, outer: usize) {
        self.current = outer;
    }

    fn mangled(&self, name: &str) -> String {
        match self.classes.last() {
            Some(class) => mangle(class, name),
            None => name.to_owned(),
        }
    }

    fn scope(&mut self) -> Option<&mut Scope> {
        self.scopes.all.get_mut(self.current)
    }

    fn bind(&mut self, name: &str) {
        let name = self.mangled(name);
        if let Some(symbol) = self.scope().and_then(|scope| scope.entry(&name)) {
            symbol.bound = true;
        }
    }

    fn use_name(&mut self, name: &str) {
        let name = self.mangled(name);
        if let Some(symbol) = self.scope().and_then(|scope| scope.entry(&name)) {
            symbol.used = true;
        }
        let in_function = self.scope().is_some_and(|scope| scope.is_function());
        if name == "super" && in_function {
            self.use_name("__class__");
        }
    }

    /// `:=` in a comprehension binds in the scope around it.
    fn bind_walrus(&mut self, name: &str, at: TextRange) {
        let mut target = self.current;
        while let Some(scope) = self.scopes.all.get(target)
            && scope.kind == ScopeKind::Comprehension
        {
            target = scope.parent;
        }
        let kind = self.scopes.all.get(target).map(|scope| scope.kind);
        if target == self.current {
            self.bind(name);
            return;
        }
        if kind == Some(ScopeKind::Class) {
            let message =
                "assignment expression within a comprehension cannot be used in a class body";
            self.scopes.errors.push((at, message.into()));
            return;
        }
        let global = kind == Some(ScopeKind::Module)
            || self.scopes.all.get(target).and_then(|s| s.get(name)).is_some_and(|s| s.global);
        if let Some(symbol) = self.scopes.all.get_mut(target).and_then(|scope| scope.entry(name)) {
            symbol.bound = true;
        }
        if let Some(symbol) = self.scope().and_then(|scope| scope.entry(name)) {
            symbol.used = true;
            symbol.global = global;
            symbol.nonlocal = !global;
        }
    }

    fn declare(&mut self, name: &str, at: TextRange, global: bool) {
        let name = self.mangled(name);
        let kind = self.scopes.all.get(self.current).map(|scope| scope.kind);
        if !global && kind == Some(ScopeKind::Module) {
            let message = "nonlocal declaration not allowed at module level";
            self.scopes.errors.push((at, message.into()));
            return;
        }
        let keyword = if global { "global" } else { "nonlocal" };
        let known = self.scope().and_then(|scope| scope.get(&name).copied());
        if let Some(known) = known
            && kind != Some(ScopeKind::Module)
            && !known.global
            && !known.nonlocal
        {
            let message = if known.bound {
                format!("name '{name}' is assigned to before {keyword} declaration")
            } else {
                format!("name '{name}' is used prior to {keyword} declaration")
            };
            self.scopes.errors.push((at, message));
        }
        if let Some(symbol) = self.scope().and_then(|scope| scope.entry(&name)) {
            symbol.global = global;
            symbol.nonlocal = !global;
        }
        if !global {
            self.nonlocals.push((self.current, name, at));
        }
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let mut seen: Vec<String> = Vec::new();
        for parameter in parameters {
            let name = parameter.name().as_str();
            if seen.iter().any(|known| known == name) {
                let message = format!("duplicate argument '{name}' in function definition");
                self.scopes.errors.push((parameter.name().range(), message));
            }
            seen.push(name.to_owned());
            self.bind(name);
        }
    }

    fn defaults(&mut self, parameters: &Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
    }

    fn function(&mut self, def: &StmtFunctionDef) {
        for decorator in &def.decorator_list {
            self.visit_expr(&decorator.expression);
        }
        self.defaults(&def.parameters);
        self.bind(def.name.as_str());
        let outer = self.open(def.range, ScopeKind::Annotation);
        for parameter in &*def.parameters {
            if let Some(annotation) = parameter.annotation() {
                self.visit_expr(annotation);
            }
        }
        if let Some(returns) = &def.returns {
            self.visit_expr(returns);
        }
        self.close(outer);
        let outer = self.open(def.range, ScopeKind::Function);
        if let Some(scope) = self.scope() {
            scope.is_async = def.is_async;
        }
        self.parameters(&def.parameters);
        self.visit_body(&def.body);
        self.close(outer);
    }

    fn class(&mut self, def: &StmtClassDef) {
        for decorator in &def.decorator_list {
            self.visit_expr(&decorator.expression);
        }
        if let Some(arguments) = &def.arguments {
            self.visit_arguments(arguments);
        }
        self.bind(def.name.as_str());
        let outer = self.open(def.range, ScopeKind::Class);
        self.classes.push(def.name.as_str().to_owned());
        self.visit_body(&def.body);
        self.classes.pop();
        self.close(outer);
    }

    fn comprehension<'a>(
        &mut self,
        range: TextRange,
        generators: &'a [Comprehension],
        parts: &[&'a Expr],
    ) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        let outer = self.open(range, ScopeKind::Comprehension);
        for (at, generator) in generators.iter().enumerate() {
            self.visit_expr(&generator.target);
            if at > 0 {
                self.visit_expr(&generator.iter);
            }
            for condition in &generator.ifs {
                self.visit_expr(condition);
            }
        }
        for part in parts {
            self.visit_expr(part);
        }
        self.close(outer);
    }

    fn mark_yield(&mut self, at: TextRange, what: &str) {
        let kind = self.scopes.all.get(self.current).map(|scope| scope.kind);
        match kind {
            Some(ScopeKind::Function | ScopeKind::Lambda) => {
                if let Some(scope) = self.scope() {
                    scope.yields = true;
                }
            }
            Some(ScopeKind::Comprehension) => {
                let message = format!("'{what}' inside list comprehension");
                self.scopes.errors.push((at, message));
            }
            _ => self.scopes.errors.push((at, format!("'{what}' outside function"))),
        }
    }

    /// Decides for each used name where it lives.
    fn resolve(&mut self) {
        for at in 0..self.scopes.all.len() {
            let Some(scope) = self.scopes.all.get(at) else { continue };
            let wanted: Vec<(String, Symbol)> = scope
                .names
                .iter()
                .filter(|(_, symbol)| {
                    !symbol.global
                        && (symbol.nonlocal
                            || (symbol.used && !symbol.bound)
                            || (symbol.used && scope.kind == ScopeKind::Class))
                })
                .cloned()
                .collect();
            for (name, _) in wanted {
                self.resolve_name(at, &name);
            }
        }
        for (scope, name, at) in std::mem::take(&mut self.nonlocals) {
            let found = self.scopes.all.get(scope).and_then(|scope| scope.get(&name));
            if !found.is_some_and(|symbol| symbol.free) {
                let message = format!("no binding for nonlocal '{name}' found");
                self.scopes.errors.push((at, message));
            }
        }
    }

    fn resolve_name(&mut self, at: usize, name: &str) {
        let mut path = vec![at];
        let mut walk = self.scopes.all.get(at).map_or(0, |scope| scope.parent);
        while walk != 0 {
            let Some(scope) = self.scopes.all.get(walk) else { return };
            let owns = match scope.kind {
                ScopeKind::Class => name == "__class__",
                _ => scope.get(name).is_some_and(|s| s.bound && !s.global && !s.nonlocal),
            };
            if owns {
                if let Some(symbol) =
                    self.scopes.all.get_mut(walk).and_then(|scope| scope.entry(name))
                {
                    symbol.cell = true;
                }
                for step in path {
                    if let Some(symbol) =
                        self.scopes.all.get_mut(step).and_then(|scope| scope.entry(name))
                    {
                        symbol.free = true;
                    }
                }
                return;
            }
            if scope.get(name).is_some_and(|symbol| symbol.global) && scope.is_function() {
                return;
            }
            path.push(walk);
            walk = scope.parent;
        }
    }
}

impl<'a> Visitor<'a> for Analyzer {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Global(names) => {
                for name in &names.names {
                    self.declare(name.as_str(), names.range, true);
                }
            }
            Stmt::Nonlocal(names) => {
                for name in &names.names {
                    self.declare(name.as_str(), names.range, false);
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.bind(name.split('.').next().unwrap_or(name));
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    if name != "*" {
                        self.bind(name);
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                }
                self.visit_expr(&assign.target);
                let function = self.scope().is_some_and(|scope| scope.is_function());
                if !function {
                    let outer = self.open(assign.range, ScopeKind::Annotation);
                    self.visit_expr(&assign.annotation);
                    self.close(outer);
                }
            }
            Stmt::AugAssign(assign) => {
                if let Expr::Name(name) = &*assign.target {
                    self.use_name(name.id.as_str());
                }
                visitor::walk_stmt(self, statement);
            }
            Stmt::TypeAlias(alias) => {
                if let Expr::Name(name) = &*alias.name {
                    self.bind(name.id.as_str());
                }
                self.visit_expr(&alias.value);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => self.use_name(name.id.as_str()),
                ExprContext::Store | ExprContext::Del => self.bind(name.id.as_str()),
                ExprContext::Invalid => {}
            },
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                if let Expr::Name(name) = &*named.target {
                    self.bind_walrus(name.id.as_str(), named.range);
                }
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.defaults(parameters);
                }
                let outer = self.open(lambda.range, ScopeKind::Lambda);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters);
                }
                self.visit_expr(&lambda.body);
                self.close(outer);
            }
            Expr::ListComp(c) => self.comprehension(c.range, &c.generators, &[&c.elt]),
            Expr::SetComp(c) => self.comprehension(c.range, &c.generators, &[&c.elt]),
            Expr::Generator(c) => self.comprehension(c.range, &c.generators, &[&c.elt]),
            Expr::DictComp(c) => {
                let mut parts: Vec<&Expr> = Vec::new();
                if let Some(key) = &c.key {
                    parts.push(key);
                }
                parts.push(&c.value);
                self.comprehension(c.range, &c.generators, &parts);
            }
            Expr::Yield(node) => {
                self.mark_yield(node.range, "yield");
                visitor::walk_expr(self, expression);
            }
            Expr::YieldFrom(node) => {
                self.mark_yield(node.range, "yield from");
                visitor::walk_expr(self, expression);
            }
            _ => visitor::walk_expr(self, expression),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(node) = handler;
        if let Some(name) = &node.name {
            self.bind(name.as_str());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(node) => node.name.as_ref(),
            Pattern::MatchStar(node) => node.name.as_ref(),
            Pattern::MatchMapping(node) => node.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name.as_str());
        }
        visitor::walk_pattern(self, pattern);
    }
}
