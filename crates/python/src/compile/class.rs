//! Class definitions.

use ruff_python_ast::StmtClassDef;

use super::function::documentation;
use super::scope::ScopeKind;
use super::{CodeKind, Compiler, Op};
use crate::value::Str;

impl<'a> Compiler<'a> {
    pub(super) fn class_def(&mut self, def: &'a StmtClassDef) {
        if let Some(parameters) = &def.type_params {
            self.error(
                parameters.range,
                "type parameters of classes are not supported",
                Some("use typing.Generic, or leave them out"),
            );
        }
        self.decorators(&def.decorator_list);
        let scope = self.scopes.of(def.range, ScopeKind::Class);
        self.begin_unit(def.name.as_str().into(), CodeKind::Class, scope);
        self.class_names.push(Str::from(def.name.as_str()));
        self.unit().documentation = documentation(&def.body);
        self.statements(&def.body);
        self.class_names.pop();
        self.emit(Op::Nothing);
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, 0));
        match &def.arguments {
            Some(arguments) => self.spread_arguments(arguments),
            None => {
                self.emit(Op::BuildList(0));
                self.emit(Op::BuildDict(0));
            }
        }
        self.emit(Op::MakeClass(u32::from(code)));
        self.apply_decorators(&def.decorator_list);
        self.store_name(def.name.as_str());
    }
}
