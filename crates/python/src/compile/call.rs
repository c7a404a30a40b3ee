//! Calls.

use ruff_python_ast::{Arguments, Expr, ExprCall, Keyword};

use super::expression::count;
use super::{Compiler, Op};
use crate::value::Str;

impl<'a> Compiler<'a> {
    pub(super) fn call(&mut self, node: &'a ExprCall) {
        let arguments = &node.arguments;
        let spread = arguments.args.iter().any(|arg| matches!(arg, Expr::Starred(_)))
            || arguments.keywords.iter().any(|keyword| keyword.arg.is_none())
            || arguments.args.len() + arguments.keywords.len() > 1000;
        self.check_repeated(&arguments.keywords);
        if spread {
            self.expression(&node.func);
            self.spread_arguments(arguments);
            self.emit(Op::CallSpread);
            return;
        }
        let method = match &*node.func {
            Expr::Attribute(attribute) => {
                self.expression(&attribute.value);
                let name = self.mangle(attribute.attr.as_str());
                let at = self.name(&name);
                self.at(attribute, |compiler| compiler.emit(Op::LoadMethod(at)));
                true
            }
            other => {
                self.expression(other);
                false
            }
        };
        for argument in &arguments.args {
            self.expression(argument);
        }
        let mut names: Vec<Str> = Vec::new();
        for keyword in &arguments.keywords {
            self.expression(&keyword.value);
            names.extend(keyword.arg.as_ref().map(|name| Str::from(name.as_str())));
        }
        let total = arguments.args.len() + arguments.keywords.len();
        if names.is_empty() {
            let total = count(total);
            self.emit(if method { Op::CallMethod(total) } else { Op::Call(total) });
        } else {
            let total = u16::try_from(total).unwrap_or(u16::MAX);
            let names = self.keyword_names(names);
            self.emit(if method {
                Op::CallMethodKeywords(total, names)
            } else {
                Op::CallKeywords(total, names)
            });
        }
    }

    fn check_repeated(&mut self, keywords: &[Keyword]) {
        for (at, keyword) in keywords.iter().enumerate() {
            let Some(name) = &keyword.arg else { continue };
            let before = keywords.iter().take(at).filter_map(|other| other.arg.as_ref());
            if before.clone().any(|other| other.as_str() == name.as_str()) {
                let message = format!("keyword argument repeated: {name}");
                self.error(keyword.range, message, None);
            }
        }
    }

    /// Pushes a list of positional arguments and a dict of keywords.
    pub(super) fn spread_arguments(&mut self, arguments: &'a Arguments) {
        self.spread_list(&arguments.args);
        self.emit(Op::BuildDict(0));
        for keyword in &arguments.keywords {
            match &keyword.arg {
                Some(name) => {
                    self.name_constant(name.as_str());
                    self.expression(&keyword.value);
                    self.emit(Op::DictAdd(0));
                }
                None => {
                    self.expression(&keyword.value);
                    self.emit(Op::DictMerge(true));
                }
            }
        }
    }
}
