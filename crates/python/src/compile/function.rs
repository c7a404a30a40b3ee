//! Function definitions and lambdas.

use ruff_python_ast::{Decorator, Expr, ExprLambda, Parameters as Declared, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::expression::count;
use super::scope::ScopeKind;
use super::{CodeKind, Compiler, Op, Parameters, span};
use crate::value::{GeneratorKind, Str, Value};

impl<'a> Compiler<'a> {
    pub(super) fn decorators(&mut self, decorators: &'a [Decorator]) {
        for decorator in decorators {
            self.expression(&decorator.expression);
        }
    }

    pub(super) fn apply_decorators(&mut self, decorators: &'a [Decorator]) {
        for decorator in decorators.iter().rev() {
            self.at(&decorator.expression, |compiler| compiler.emit(Op::Call(1)));
        }
    }

    pub(super) fn function_def(&mut self, def: &'a StmtFunctionDef) {
        self.decorators(&def.decorator_list);
        let mut flags = self.default_values(&def.parameters);
        flags |= self.function_annotations(def);
        let scope = self.scopes.of(def.range, ScopeKind::Function);
        self.begin_unit(def.name.as_str().into(), CodeKind::Function, scope);
        self.declare_parameters(&def.parameters);
        let yields = self.scopes.all.get(scope).is_some_and(|scope| scope.yields);
        self.unit().generator = match (def.is_async, yields) {
            (false, false) => None,
            (false, true) => Some(GeneratorKind::Generator),
            (true, false) => Some(GeneratorKind::Coroutine),
            (true, true) => Some(GeneratorKind::AsyncGenerator),
        };
        self.unit().documentation = documentation(&def.body);
        self.statements(&def.body);
        self.emit(Op::Nothing);
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, flags));
        self.apply_decorators(&def.decorator_list);
        self.store_name(def.name.as_str());
    }

    pub(super) fn lambda(&mut self, node: &'a ExprLambda) {
        let flags = match &node.parameters {
            Some(parameters) => self.default_values(parameters),
            None => 0,
        };
        let scope = self.scopes.of(node.range, ScopeKind::Lambda);
        self.begin_unit("<lambda>".into(), CodeKind::Function, scope);
        if let Some(parameters) = &node.parameters {
            self.declare_parameters(parameters);
        }
        if self.scopes.all.get(scope).is_some_and(|scope| scope.yields) {
            self.unit().generator = Some(GeneratorKind::Generator);
        }
        self.expression(&node.body);
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, flags));
    }

    /// Pushes defaults and keyword defaults; which of them there are.
    fn default_values(&mut self, parameters: &'a Declared) -> u16 {
        let mut flags = 0;
        let defaults: Vec<&'a Expr> = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .filter_map(|parameter| parameter.default.as_deref())
            .collect();
        if !defaults.is_empty() {
            for default in &defaults {
                self.expression(default);
            }
            self.emit(Op::BuildTuple(count(defaults.len())));
            flags |= 1;
        }
        let mut named = 0;
        for parameter in &parameters.kwonlyargs {
            if let Some(default) = &parameter.default {
                let name = self.mangle(parameter.parameter.name.as_str());
                self.name_constant(&name);
                self.expression(default);
                named += 1;
            }
        }
        if named > 0 {
            self.emit(Op::BuildDict(named));
            flags |= 2;
        }
        flags
    }

    /// Pushes a function that computes the annotations, if there are any.
    fn function_annotations(&mut self, def: &'a StmtFunctionDef) -> u16 {
        let mut annotations: Vec<(Str, &'a Expr)> = Vec::new();
        for parameter in &*def.parameters {
            let name = self.mangle(parameter.name().as_str());
            match parameter {
                ruff_python_ast::AnyParameterRef::Variadic(variadic) => {
                    annotations.extend(variadic.annotation.as_deref().map(|a| (name, a)));
                }
                ruff_python_ast::AnyParameterRef::NonVariadic(plain) => {
                    annotations.extend(plain.parameter.annotation.as_deref().map(|a| (name, a)));
                }
            }
        }
        annotations.extend(def.returns.as_deref().map(|returns| ("return".into(), returns)));
        if annotations.is_empty() {
            return 0;
        }
        let scope = self.scopes.of(def.range, ScopeKind::Annotation);
        self.begin_unit("__annotate__".into(), CodeKind::Function, scope);
        let number = count(annotations.len());
        for (name, annotation) in annotations {
            self.name_constant(&name);
            if self.future_annotations {
                let text = self.source.slice(span(annotation.range())).to_owned();
                self.constant(Value::from(text));
            } else {
                self.expression(annotation);
            }
        }
        self.emit(Op::BuildDict(number));
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, 0));
        4
    }

    fn declare_parameters(&mut self, declared: &'a Declared) {
        let names = declared
            .posonlyargs
            .iter()
            .chain(&declared.args)
            .chain(&declared.kwonlyargs)
            .map(|parameter| &parameter.parameter.name)
            .chain(declared.vararg.iter().map(|parameter| &parameter.name))
            .chain(declared.kwarg.iter().map(|parameter| &parameter.name));
        for name in names {
            let name = self.mangle(name.as_str());
            self.local(&name);
        }
        self.unit().parameters = Parameters {
            positional_only: declared.posonlyargs.len(),
            positional: declared.posonlyargs.len() + declared.args.len(),
            keyword_only: declared.kwonlyargs.len(),
            variadic: declared.vararg.is_some(),
            keywords: declared.kwarg.is_some(),
        };
    }
}

/// The documentation string of a body.
pub(super) fn documentation(body: &[Stmt]) -> Option<Str> {
    match body.first()? {
        Stmt::Expr(statement) => match &*statement.value {
            Expr::StringLiteral(node) => Some(node.value.to_str().into()),
            _ => None,
        },
        _ => None,
    }
}
