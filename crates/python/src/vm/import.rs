//! Imports: registered modules only.

use std::rc::Rc;

use super::{Frame, Then, Vm};
use crate::compile::{Mode, compile_internal};
use crate::diagnostic::suggestion;
use crate::host::Raise;
use crate::value::{Dict, Module, Str, Value};

impl Vm {
    /// A module, imported if it was not before. Its source, if it has any, runs in a nested loop.
    pub fn import(&mut self, name: &str) -> Result<Rc<Module>, Raise> {
        let depth = self.callers.len();
        if let Some(module) = self.begin_import(name, Then::Stop)? {
            return Ok(module);
        }
        if self.callers.len() > depth {
            self.run_nested()?;
        }
        match self.modules.get(name) {
            Some(Value::Module(module)) => Ok(module),
            _ => Err(self.no_module(name)),
        }
    }

    /// Imports a module; none if its source has to run first, in a frame that was pushed.
    fn begin_import(&mut self, name: &str, then: Then) -> Result<Option<Rc<Module>>, Raise> {
        if let Some(Value::Module(module)) = self.modules.get(name) {
            return Ok(Some(module));
        }
        if let Some((parent, _)) = name.rsplit_once('.') {
            self.import(parent)?;
        }
        let module = Module::new(name.into());
        module.set("__name__", Value::from(name));
        if let Some(builder) = self.builder(name) {
            self.modules.set(name, Value::Module(Rc::clone(&module)));
            if let Err(raise) = builder(self, &module) {
                self.modules.remove(name);
                return Err(raise);
            }
        }
        match crate::stdlib::source(name) {
            Some(source) => {
                self.modules.set(name, Value::Module(Rc::clone(&module)));
                self.run_source(name, source, &module, then)?;
                Ok(None)
            }
            None if self.modules.contains(name) => Ok(Some(module)),
            None => Err(self.no_module(name)),
        }
    }

    fn run_source(
        &mut self,
        name: &str,
        source: &str,
        module: &Rc<Module>,
        then: Then,
    ) -> Result<(), Raise> {
        match compile_internal(&self.interner, name, source, Mode::Module) {
            Ok(code) => self.push_frame(Frame::new(code, Rc::clone(&module.dict), then)),
            Err(errors) => {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                Err(self.error("SyntaxError", format!("{name}: {first}")))
            }
        }
    }

    /// Runs Python source in a module at once: how parts of builtins written in Python get there.
    pub fn run_in_module(
        &mut self,
        name: &str,
        source: &str,
        module: &Rc<Module>,
    ) -> Result<(), Raise> {
        self.run_source(name, source, module, Then::Stop)?;
        self.run_nested()
    }

    fn no_module(&mut self, name: &str) -> Raise {
        let raise = self.error("ModuleNotFoundError", format!("No module named '{name}'"));
        raise.0.set("name", Value::from(name));
        let known: Vec<Str> = self.module_names().into_iter().map(Str::from).collect();
        let mut note = String::new();
        if let Some(close) = suggestion(&known, name) {
            note.push_str(&format!("Did you mean: '{close}'? "));
        }
        let top: Vec<&str> =
            known.iter().map(Str::as_str).filter(|known| !known.contains('.')).collect();
        note.push_str(&format!("Modules that can be imported here: {}", top.join(", ")));
        raise.0.exception(|state| state.notes.push(Value::from(note)));
        raise
    }

    /// `ImportName`: pushes the module itself.
    pub(crate) fn import_name(&mut self, name: &Str) -> Result<(), Raise> {
        let then = Then::Import(name.clone());
        if let Some(module) = self.begin_import(name, then)? {
            self.frame.push(Value::Module(module));
        }
        Ok(())
    }

    /// `ImportFrom`: pushes a name of the module on the stack, which stays.
    pub(crate) fn import_from(&mut self, name: &crate::compile::Name) -> Result<(), Raise> {
        let Some(target) = self.frame.peek(0).cloned() else { return Ok(()) };
        let Value::Module(module) = &target else { return Ok(()) };
        if let Some(super::attribute::Found::Value(value)) = self.find_attribute(&target, name)? {
            self.frame.push(value);
            return Ok(());
        }
        let full = format!("{}.{}", module.name, name.text);
        if self.builder(&full).is_some() || crate::stdlib::source(&full).is_some() {
            let module = self.import(&full)?;
            self.frame.push(Value::Module(module));
            return Ok(());
        }
        let mut known: Vec<Str> = module.dict.names().into_iter().map(|(name, _)| name).collect();
        if let Some(hooks) = module.hooks.borrow().clone() {
            known.extend(hooks.names().into_iter().map(Str::from));
        }
        let message =
            format!("cannot import name '{}' from '{}' (unknown location)", name.text, module.name);
        let raise = self.error("ImportError", message);
        raise.0.set("name", Value::Str(name.text.clone()));
        if let Some(close) = suggestion(&known, &name.text) {
            let note = Value::from(format!("Did you mean: '{close}'?"));
            raise.0.exception(|state| state.notes.push(note));
        }
        Err(raise)
    }

    /// `ImportStar`: all public names of the module on the stack.
    pub(crate) fn import_star(&mut self) -> Result<(), Raise> {
        let Value::Module(module) = self.frame.pop() else { return Ok(()) };
        let globals = Rc::clone(&self.frame.globals);
        self.copy_public(&module, &globals)
    }

    /// `from module import *` into a namespace.
    pub fn import_all(&mut self, module: &str, into: &Dict) -> Result<(), Raise> {
        let module = self.import(module)?;
        self.copy_public(&module, into)
    }

    fn copy_public(&mut self, module: &Module, into: &Dict) -> Result<(), Raise> {
        let hooks = module.hooks.borrow().clone();
        if let Some(hooks) = hooks {
            for name in hooks.names() {
                if !module.dict.contains(name)
                    && let Some(value) = hooks.get(self, name)?
                {
                    module.dict.set(name, value);
                }
            }
        }
        let public = match module.dict.get("__all__") {
            Some(all) => Some(self.collect(&all)?),
            None => None,
        };
        for (name, value) in module.dict.names() {
            let exported = match &public {
                Some(all) => all.iter().any(|public| public.as_str().is_some_and(|p| p == name)),
                None => !name.starts_with('_'),
            };
            if exported {
                into.set_name(&name, value);
            }
        }
        Ok(())
    }
}
