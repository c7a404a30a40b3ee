//! The loop: fetch an instruction, do it, handle what it raises.

use std::cell::RefCell;
use std::rc::Rc;

use super::{StepMode, Vm};
use crate::compile::{Code, Op};
use crate::diagnostic::suggestion;
use crate::host::Raise;
use crate::value::{Dict, Function, MEMORY, Str, Value};

/// Why the loop ended.
#[derive(Debug)]
pub(crate) enum Exit {
    /// A frame that native code waits for returned or yielded.
    Stopped,
    /// The fuel is used up.
    Paused,
    /// A statement is next and the step mode stops there.
    Statement,
}

/// What an instruction asks of the loop.
enum Flow {
    Next,
    Exit(Exit),
}

impl Vm {
    /// Runs until something ends it. Exceptions nobody handles come back when the frame that native
    /// code waits for is left.
    pub(crate) fn execute(&mut self) -> Result<Exit, Raise> {
        loop {
            if self.fuel == 0 {
                if !self.is_nested() {
                    return Ok(Exit::Paused);
                }
                self.fuel = self.limits.nested;
                let raise = self.budget_error();
                self.unwind(raise)?;
                continue;
            }
            self.fuel -= 1;
            self.used += 1;
            let Some(op) = self.frame.fetch() else {
                if self.return_value(Value::None)? {
                    return Ok(Exit::Stopped);
                }
                continue;
            };
            match self.instruction(op) {
                Ok(Flow::Next) => {}
                Ok(Flow::Exit(exit)) => return Ok(exit),
                Err(raise) => self.unwind(raise)?,
            }
        }
    }

    /// The instructions that run most.
    fn instruction(&mut self, op: Op) -> Result<Flow, Raise> {
        match op {
            Op::Statement => return self.statement(),
            Op::LoadFast(at) => match self.frame.locals.get(at as usize) {
                Some(Some(value)) => {
                    let value = value.clone();
                    self.frame.push(value);
                }
                _ => return Err(self.unbound_local(at)),
            },
            Op::StoreFast(at) => {
                let value = self.frame.pop();
                let old = match self.frame.locals.get_mut(at as usize) {
                    Some(slot) => slot.replace(value),
                    None => None,
                };
                drop(old);
            }
            Op::Const(at) => {
                let value = self.frame.code.constants.get(at as usize).cloned();
                self.frame.push(value.unwrap_or_default());
            }
            Op::Nothing => self.frame.push(Value::None),
            Op::Pop => drop(self.frame.pop()),
            Op::LoadGlobal(at) => self.load_global(at)?,
            Op::StoreGlobal(at) => self.store_global(at),
            Op::LoadAttribute(at) => {
                let code = Rc::clone(&self.frame.code);
                if let Some(name) = code.names.get(at as usize) {
                    self.load_attribute(name)?;
                }
            }
            Op::LoadMethod(at) => {
                let code = Rc::clone(&self.frame.code);
                if let Some(name) = code.names.get(at as usize) {
                    self.load_method(name)?;
                }
            }
            Op::Binary(operator) => self.binary_op(operator)?,
            Op::Compare(by) => {
                let b = self.frame.pop();
                let a = self.frame.pop();
                let result = self.compare(by, &a, &b)?;
                self.frame.push(result);
            }
            Op::Jump(target) => {
                let backwards = (target as usize) < self.frame.pc;
                self.frame.pc = target as usize;
                if backwards {
                    self.check_memory()?;
                }
            }
            Op::JumpIfFalse(target) => {
                if !self.pop_truth()? {
                    self.frame.pc = target as usize;
                }
            }
            Op::JumpIfTrue(target) => {
                if self.pop_truth()? {
                    self.frame.pc = target as usize;
                }
            }
            Op::ForIter(target) => self.for_iter(target)?,
            Op::GetIter => self.get_iter()?,
            Op::Call(count) => self.call_plain(count as usize)?,
            Op::CallMethod(count) => self.call_method_op(count as usize, &[])?,
            Op::Return => {
                let value = self.frame.pop();
                if self.return_value(value)? {
                    return Ok(Flow::Exit(Exit::Stopped));
                }
            }
            Op::Yield => {
                if self.yield_value()? {
                    return Ok(Flow::Exit(Exit::Stopped));
                }
            }
            other => self.data_instruction(other)?,
        }
        Ok(Flow::Next)
    }

    fn pop_truth(&mut self) -> Result<bool, Raise> {
        match self.frame.pop() {
            Value::Bool(truth) => Ok(truth),
            other => self.truth(&other),
        }
    }

    fn check_memory(&mut self) -> Result<(), Raise> {
        if MEMORY.with(std::cell::Cell::get) > self.limits.memory {
            return Err(self.memory_error());
        }
        Ok(())
    }

    fn statement(&mut self) -> Result<Flow, Raise> {
        let pc = self.frame.pc.saturating_sub(1);
        if self.frame.code.internal {
            self.frame.statement = pc;
            return Ok(Flow::Next);
        }
        self.native_work = 0;
        let fresh = std::mem::take(&mut self.stopped_at) != Some((self.callers.len(), pc));
        if fresh && self.step_mode != StepMode::Run && !self.is_nested() {
            let stop = match self.step_mode {
                StepMode::Run => false,
                StepMode::Into => true,
                StepMode::Over(depth) => self.callers.len() <= depth,
            };
            if stop {
                self.frame.statement = pc;
                self.frame.pc = pc;
                self.stopped_at = Some((self.callers.len(), pc));
                return Ok(Flow::Exit(Exit::Statement));
            }
        }
        self.frame.statement = pc;
        self.check_memory()?;
        let host = self.host();
        host.at_statement(self, &self.frame.statement_location());
        Ok(Flow::Next)
    }

    /// Building, subscription, operators, the stack.
    fn data_instruction(&mut self, op: Op) -> Result<(), Raise> {
        match op {
            Op::Dup => {
                let value = self.frame.peek(0).cloned().unwrap_or_default();
                self.frame.push(value);
            }
            Op::DupTwo => {
                let (a, b) = (self.frame.peek(1).cloned(), self.frame.peek(0).cloned());
                self.frame.push(a.unwrap_or_default());
                self.frame.push(b.unwrap_or_default());
            }
            Op::Swap => self.rotate(2),
            Op::Rotate3 => self.rotate(3),
            Op::LoadItem => {
                let key = self.frame.pop();
                let target = self.frame.pop();
                let value = self.get_item(&target, &key)?;
                self.frame.push(value);
            }
            Op::StoreItem => {
                let key = self.frame.pop();
                let target = self.frame.pop();
                let value = self.frame.pop();
                self.set_item(&target, &key, value)?;
            }
            Op::DeleteItem => {
                let key = self.frame.pop();
                let target = self.frame.pop();
                self.delete_item(&target, &key)?;
            }
            Op::BuildTuple(count) => {
                let items = self.frame.pop_many(count as usize);
                self.frame.push(Value::tuple(items));
            }
            Op::BuildList(count) => {
                let items = self.frame.pop_many(count as usize);
                self.frame.push(Value::list(items));
            }
            Op::ListAppend(depth) => {
                let item = self.frame.pop();
                if let Some(Value::List(list)) = self.frame.peek(depth as usize) {
                    list.push(item);
                }
            }
            Op::InPlace(operator) => self.in_place_op(operator)?,
            Op::Unary(operator) => {
                let value = self.frame.pop();
                let value = self.unary(operator, &value)?;
                self.frame.push(value);
            }
            Op::Not => {
                let truth = self.pop_truth()?;
                self.frame.push(Value::Bool(!truth));
            }
            Op::Is(negate) => {
                let b = self.frame.pop();
                let a = self.frame.pop();
                self.frame.push(Value::Bool(a.is(&b) != negate));
            }
            Op::Contains(negate) => {
                let container = self.frame.pop();
                let item = self.frame.pop();
                let found = self.contains(&container, &item)?;
                self.frame.push(Value::Bool(found != negate));
            }
            Op::JumpIfFalseKeep(target) => self.jump_keep(target, false)?,
            Op::JumpIfTrueKeep(target) => self.jump_keep(target, true)?,
            Op::Format(conversion, with_spec) => self.format_op(conversion, with_spec)?,
            Op::BuildString(count) => self.build_string(count as usize)?,
            Op::Unpack(count) => {
                if !self.drain_at(0)? {
                    self.unpack(count as usize)?;
                }
            }
            other => self.name_instruction(other)?,
        }
        Ok(())
    }

    fn rotate(&mut self, count: usize) {
        if let Some(value) = self.frame.stack.pop() {
            let at = (self.frame.stack.len() + 1).saturating_sub(count);
            self.frame.stack.insert(at, value);
        }
    }

    fn jump_keep(&mut self, target: u32, when: bool) -> Result<(), Raise> {
        let value = self.frame.pop();
        if self.truth(&value)? == when {
            self.frame.push(value);
            self.frame.pc = target as usize;
        }
        Ok(())
    }

    /// Names.
    fn name_instruction(&mut self, op: Op) -> Result<(), Raise> {
        let code = Rc::clone(&self.frame.code);
        let name = |at: u32| code.names.get(at as usize);
        match op {
            Op::LoadCell(at) => {
                let value = self.frame.cells.get(at as usize).and_then(|c| c.borrow().clone());
                match value {
                    Some(value) => self.frame.push(value),
                    None => return Err(self.unbound_cell(at)),
                }
            }
            Op::StoreCell(at) => {
                let value = self.frame.pop();
                let old = self.frame.cells.get(at as usize).map(|c| c.replace(Some(value)));
                drop(old);
            }
            Op::DeleteCell(at) => {
                let old = self.frame.cells.get(at as usize).and_then(|c| c.take());
                if old.is_none() {
                    return Err(self.unbound_cell(at));
                }
            }
            Op::DeleteFast(at) => {
                let old = self.frame.locals.get_mut(at as usize).and_then(Option::take);
                if old.is_none() {
                    return Err(self.unbound_local(at));
                }
            }
            Op::LoadName(at) => self.load_name(at)?,
            Op::StoreName(at) => {
                let value = self.frame.pop();
                if let (Some(namespace), Some(name)) = (&self.frame.namespace, name(at)) {
                    namespace.set_name(&name.text, value);
                }
            }
            Op::DeleteName(at) => {
                if let (Some(namespace), Some(name)) = (self.frame.namespace.clone(), name(at))
                    && namespace.remove(&name.text).is_none()
                {
                    return Err(self.name_error(&name.text));
                }
            }
            Op::LoadNameOrCell(at, cell) => self.load_name_or_cell(at, cell, false)?,
            Op::LoadLenient(at) => self.load_lenient(at),
            Op::LoadLenientCell(at, cell) => self.load_name_or_cell(at, cell, true)?,
            Op::DeleteGlobal(at) => {
                if let Some(name) = name(at)
                    && self.frame.globals.remove(&name.text).is_none()
                {
                    return Err(self.name_error(&name.text));
                }
            }
            other => self.attribute_instruction(other, &code)?,
        }
        Ok(())
    }

    /// Attributes, calls, imports.
    fn attribute_instruction(&mut self, op: Op, code: &Rc<Code>) -> Result<(), Raise> {
        let name = |at: u32| code.names.get(at as usize);
        match op {
            Op::StoreAttribute(at) => {
                let target = self.frame.pop();
                let value = self.frame.pop();
                if let Some(name) = name(at) {
                    self.store_attribute(&target, name, value)?;
                }
            }
            Op::DeleteAttribute(at) => {
                let target = self.frame.pop();
                if let Some(name) = name(at) {
                    self.delete_attribute(&target, &name.text)?;
                }
            }
            Op::CallKeywords(count, names) => {
                let names = code.keyword_names.get(usize::from(names)).cloned();
                let args = self.pop_arguments(count.into(), &names.unwrap_or_default());
                let callee = self.frame.pop();
                self.call_into(callee, args, super::Then::Push)?;
            }
            Op::CallMethodKeywords(count, names) => {
                let names = code.keyword_names.get(usize::from(names)).cloned();
                self.call_method_op(count.into(), &names.unwrap_or_default())?;
            }
            Op::CallSpread => self.call_spread()?,
            Op::ImportName(at) => {
                if let Some(name) = name(at) {
                    self.import_name(&name.text)?;
                }
            }
            Op::ImportFrom(at) => {
                if let Some(name) = name(at) {
                    self.import_from(name)?;
                }
            }
            Op::ImportStar => self.import_star()?,
            other => self.building_instruction(other, code)?,
        }
        Ok(())
    }

    /// Sets, dicts, functions, classes.
    fn building_instruction(&mut self, op: Op, code: &Rc<Code>) -> Result<(), Raise> {
        match op {
            Op::BuildSlice(count) => {
                let mut parts = self.frame.pop_many(count as usize).into_iter();
                let mut part = || parts.next().unwrap_or_default();
                let (start, stop, step) = (part(), part(), part());
                self.frame.push(Value::object(crate::builtins::Slice { start, stop, step }));
            }
            Op::BuildSet(count) => {
                let items = self.frame.pop_many(count as usize);
                let set = self.new_set(items, false)?;
                self.frame.push(set);
            }
            Op::BuildDict(count) => {
                let mut parts = self.frame.pop_many(count as usize * 2).into_iter();
                let dict = Rc::new(Dict::default());
                while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                    self.dict_set(&dict, key, value)?;
                }
                self.frame.push(Value::Dict(dict));
            }
            Op::SetAdd(depth) => {
                let item = self.frame.pop();
                if let Some(Value::Set(set)) = self.frame.peek(depth as usize).cloned() {
                    self.set_add(&set, item)?;
                }
            }
            Op::DictAdd(depth) => {
                let value = self.frame.pop();
                let key = self.frame.pop();
                if let Some(Value::Dict(dict)) = self.frame.peek(depth as usize).cloned() {
                    self.dict_set(&dict, key, value)?;
                }
            }
            Op::ListExtend => {
                if !self.drain_at(0)? {
                    let from = self.frame.pop();
                    let items = self.spread(&from)?;
                    if let Some(Value::List(list)) = self.frame.peek(0) {
                        list.edit(|list| list.extend(items));
                    }
                }
            }
            Op::SetExtend => {
                if !self.drain_at(0)? {
                    let from = self.frame.pop();
                    let items = self.spread(&from)?;
                    if let Some(Value::Set(set)) = self.frame.peek(0).cloned() {
                        for item in items {
                            self.set_add(&set, item)?;
                        }
                    }
                }
            }
            Op::DictMerge(strict) => self.dict_merge(strict)?,
            Op::ListToTuple => {
                if let Value::List(list) = self.frame.pop() {
                    self.frame.push(Value::tuple(list.to_vec()));
                }
            }
            Op::UnpackRest(before, after) => {
                if !self.drain_at(0)? {
                    self.unpack_rest(before.into(), after.into())?;
                }
            }
            Op::MakeFunction(at, flags) => self.make_function(at, flags, code),
            Op::MakeClass(at) => self.make_class(at)?,
            Op::Annotate(at) => self.annotate(at),
            Op::Display => self.display()?,
            Op::Length => {
                let value = self.frame.pop();
                let length = self.length(&value)?;
                self.frame.push(Value::size(length));
            }
            other => self.control_instruction(other, code)?,
        }
        Ok(())
    }

    fn spread(&mut self, from: &Value) -> Result<Vec<Value>, Raise> {
        if !self.is_iterable(from) {
            let class = self.class_of(from).name();
            return Err(self.type_error(format!("Value after * must be an iterable, not {class}")));
        }
        self.collect(from)
    }

    /// Exceptions, context managers, generators, matching.
    fn control_instruction(&mut self, op: Op, code: &Rc<Code>) -> Result<(), Raise> {
        match op {
            Op::Raise(count) => self.raise_op(count)?,
            Op::Reraise => {
                if let Some(exception) = self.frame.handled.pop() {
                    self.reraising = true;
                    return Err(Raise(exception));
                }
            }
            Op::LoadHandled => {
                let handled = self.frame.handled.last().cloned();
                self.frame.push(handled.map_or(Value::None, Value::Instance));
            }
            Op::PopHandled => {
                let handled = self.frame.handled.pop();
                drop(handled);
            }
            Op::MatchException(target) => self.match_exception(target)?,
            Op::WithEnter(asynchronous) => self.with_enter(asynchronous)?,
            Op::ExitArguments => self.exit_arguments(),
            Op::LoadAssertionError => {
                let class = self.exception("AssertionError");
                self.frame.push(Value::Class(class));
            }
            Op::GetYieldFrom => self.get_yield_from()?,
            Op::GetAwaitable => self.get_awaitable()?,
            Op::GetAsyncIter => self.get_async_iter()?,
            Op::GetAsyncNext => self.get_async_next()?,
            Op::EndAsyncFor => self.end_async_for()?,
            Op::Send(target) => self.send_op(target)?,
            Op::MatchSequence => self.match_sequence(),
            Op::MatchMapping => self.match_mapping(),
            Op::MatchKeys => self.match_keys()?,
            Op::MatchRest => self.match_rest()?,
            Op::MatchClass(positional, names) => {
                let names = code.keyword_names.get(usize::from(names)).cloned();
                self.match_class(positional.into(), &names.unwrap_or_default())?;
            }
            other => {
                return Err(self.runtime_error(format!("unexpected instruction {other:?}")));
            }
        }
        Ok(())
    }

    fn dict_merge(&mut self, strict: bool) -> Result<(), Raise> {
        let from = self.frame.pop();
        let Some(Value::Dict(dict)) = self.frame.peek(0).cloned() else { return Ok(()) };
        let mapping = matches!(from.unwrapped(), Value::Dict(_))
            || self.try_attribute(&from, "keys")?.is_some();
        if !mapping {
            let class = self.class_of(&from).name();
            return Err(self.type_error(if strict {
                format!("argument after ** must be a mapping, not {class}")
            } else {
                format!("'{class}' object is not a mapping")
            }));
        }
        if strict {
            let added = Dict::default();
            self.dict_update(&added, &from)?;
            for (key, value) in added.items() {
                if self.dict_get(&dict, &key)?.is_some() {
                    let key = self.str(&key)?;
                    return Err(self
                        .type_error(format!("got multiple values for keyword argument '{key}'")));
                }
                self.dict_set(&dict, key, value)?;
            }
            return Ok(());
        }
        self.dict_update(&dict, &from)
    }

    fn load_global(&mut self, at: u32) -> Result<(), Raise> {
        let code = &self.frame.code;
        let Some(name) = code.names.get(at as usize) else { return Ok(()) };
        let hint = code.hints.get(at as usize);
        let hinted = hint.map_or(usize::MAX, |hint| hint.get() as usize);
        let table = self.frame.globals.table.borrow();
        let known = matches!(table.key_at(hinted), Some(Value::Str(key)) if key.same(&name.text));
        let found = if known { Some(hinted) } else { table.find_name(name.hash, &name.text) };
        if let Some(found) = found {
            if let Some(hint) = hint {
                hint.set(u32::try_from(found).unwrap_or(u32::MAX));
            }
            let value = table.value_at(found).cloned();
            drop(table);
            self.frame.push(value.unwrap_or_default());
            return Ok(());
        }
        drop(table);
        let builtin = self.builtins.table.borrow().get_name(name.hash, &name.text).cloned();
        match builtin {
            Some(value) => {
                self.frame.push(value);
                Ok(())
            }
            None => {
                let name = name.text.clone();
                Err(self.name_error(&name))
            }
        }
    }

    fn store_global(&mut self, at: u32) {
        let value = self.frame.pop();
        if let Some(name) = self.frame.code.names.get(at as usize) {
            let mut table = self.frame.globals.table.borrow_mut();
            let old = table.set_hashed(name.hash, &name.text, value);
            drop(table);
            drop(old);
        }
    }

    fn load_name(&mut self, at: u32) -> Result<(), Raise> {
        let found = self.namespace_value(at);
        match found {
            Some(value) => {
                self.frame.push(value);
                Ok(())
            }
            None => self.load_global(at),
        }
    }

    fn namespace_value(&self, at: u32) -> Option<Value> {
        let name = self.frame.code.names.get(at as usize)?;
        let namespace = self.frame.namespace.as_ref()?;
        namespace.table.borrow().get_name(name.hash, &name.text).cloned()
    }

    fn load_name_or_cell(&mut self, at: u16, cell: u16, lenient: bool) -> Result<(), Raise> {
        let found = self.namespace_value(at.into()).or_else(|| {
            self.frame.cells.get(usize::from(cell)).and_then(|cell| cell.borrow().clone())
        });
        match found {
            Some(value) => self.frame.push(value),
            None if lenient => self.load_lenient(at.into()),
            None => return self.load_name(at.into()),
        }
        Ok(())
    }

    fn load_lenient(&mut self, at: u32) {
        if self.load_name(at).is_err() {
            let name = self.frame.code.names.get(at as usize).map(|name| name.text.clone());
            let name = name.unwrap_or_default();
            self.frame.push(Value::object(crate::value::ForwardRef { name }));
        }
    }

    /// The error for a name that does not exist.
    pub(crate) fn name_error(&mut self, name: &str) -> Raise {
        let raise = self.error("NameError", format!("name '{name}' is not defined"));
        let mut known: Vec<Str> =
            self.frame.visible_names().into_iter().map(|(name, _)| name).collect();
        known.extend(self.frame.globals.names().into_iter().map(|(name, _)| name));
        known.extend(self.builtins.names().into_iter().map(|(name, _)| name));
        if let Some(close) = suggestion(&known, name) {
            raise.0.set("_suggestion", Value::Str(close));
        }
        raise.0.set("name", Value::from(name));
        raise
    }

    fn unbound_local(&mut self, at: u32) -> Raise {
        let name = self.frame.code.local_names.get(at as usize).cloned().unwrap_or_default();
        self.error(
            "UnboundLocalError",
            format!(
                "cannot access local variable '{name}' where it is not associated with a value"
            ),
        )
    }

    fn unbound_cell(&mut self, at: u32) -> Raise {
        let code = Rc::clone(&self.frame.code);
        let name = code.cell_names.get(at as usize).cloned().unwrap_or_default();
        if (at as usize) < code.own_cells {
            return self.error(
                "UnboundLocalError",
                format!(
                    "cannot access local variable '{name}' where it is not associated with a value"
                ),
            );
        }
        self.error(
            "NameError",
            format!(
                "cannot access free variable '{name}' where it is not associated with a value in \
                 enclosing scope"
            ),
        )
    }

    /// `MakeFunction`: flags 1 defaults, 2 keyword defaults, 4 annotations.
    fn make_function(&mut self, at: u16, flags: u16, code: &Rc<Code>) {
        let annotate = if flags & 4 != 0 { Some(self.frame.pop()) } else { None };
        let keyword_defaults = if flags & 2 != 0 { self.frame.pop() } else { Value::None };
        let defaults = if flags & 1 != 0 { self.frame.pop() } else { Value::None };
        let Some(body) = code.codes.get(usize::from(at)).cloned() else { return };
        let mut function = Function::bare(Rc::clone(&body), Rc::clone(&self.frame.globals));
        let free = body.cell_names.iter().skip(body.own_cells);
        function.closure = free
            .map(|name| {
                let at = code.cell_names.iter().position(|known| known == name);
                at.and_then(|at| self.frame.cells.get(at))
                    .map_or_else(|| Rc::new(RefCell::new(None)), Rc::clone)
            })
            .collect();
        if let Value::Tuple(items) = defaults {
            function.defaults = RefCell::new(items.to_vec());
        }
        if let Value::Dict(dict) = keyword_defaults {
            function.keyword_defaults = dict.names();
        }
        if let Some(Value::Function(thunk)) = annotate {
            function.annotate = Some(thunk);
        }
        if &*body.name == "__annotate__" {
            function.namespace.clone_from(&self.frame.namespace);
        }
        function.module = self.frame.globals.get("__name__").unwrap_or_else(|| "builtins".into());
        self.frame.push(Value::Function(Rc::new(function)));
    }
}
