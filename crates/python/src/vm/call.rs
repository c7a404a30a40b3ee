//! Calls: binding arguments, pushing frames, delivering results.

use std::rc::Rc;

use super::class::ClassBuild;
use super::execute::Exit;
use super::{Frame, Kind, Vm};
use crate::host::{Args, Raise, missing_message};
use crate::value::{
    Class, Dict, Function, Generator, GeneratorKind, GeneratorState, Instance, Layout,
    NativeFunction, Str, Value,
};

/// What happens with the value a frame returns.
pub(crate) enum Then {
    /// Native code waits for it.
    Stop,
    /// It goes on the caller's stack.
    Push,
    /// It is dropped.
    Discard,
    /// The frame was `__init__`: the instance goes on the stack.
    Construct(Value),
    /// It replaces the value at this place of the caller's stack, and the instruction runs again.
    Replace(usize),
    /// The frame was a class body: the class is made.
    Class(Box<ClassBuild>),
    /// The frame was a module body: the module goes on the stack.
    Import(Str),
    /// The frame is a generator in a `for` loop; the jump target at its end.
    ForIter(u32),
    /// The frame is a generator in `yield from` or `await`; the jump target at its end.
    Send(u32),
    /// The frame is a generator asked with `next` or `send`; the default at its end.
    Next(Option<Box<Value>>),
}

impl Vm {
    /// Calls something from native code, with a nested loop of its own instruction budget.
    pub fn call(&mut self, callee: &Value, args: impl Into<Args>) -> Result<Value, Raise> {
        self.enter_native()?;
        let result = self.call_nested(callee.clone(), args.into());
        self.leave_native();
        result
    }

    fn call_nested(&mut self, callee: Value, args: Args) -> Result<Value, Raise> {
        let depth = self.callers.len();
        self.call_into(callee, args, Then::Stop)?;
        if self.callers.len() > depth {
            self.run_nested()?;
        }
        Ok(self.outcome.take().unwrap_or_default())
    }

    /// Calls a method by name from native code.
    pub fn call_method(
        &mut self,
        target: &Value,
        name: &str,
        args: impl Into<Args>,
    ) -> Result<Value, Raise> {
        let method = self.get_attribute(target, name)?;
        self.call(&method, args)
    }

    /// Calls something as the last act of a native function: the machine goes on with it, pausable.
    /// The native function returns what this returns.
    pub fn tail_call(&mut self, callee: Value, args: impl Into<Args>) -> Result<Value, Raise> {
        self.pending = Some((callee, args.into()));
        Ok(Value::None)
    }

    /// Runs the topmost frame, whose end native code waits for.
    pub(crate) fn run_nested(&mut self) -> Result<(), Raise> {
        let outer = self.fuel;
        let budget = self.limits.nested;
        self.fuel = budget;
        self.nested += 1;
        let exit = self.execute();
        self.nested = self.nested.saturating_sub(1);
        self.fuel = outer.saturating_sub(budget.saturating_sub(self.fuel));
        match exit? {
            Exit::Stopped => Ok(()),
            // A nested loop never pauses; the budget is checked where the fuel ends.
            Exit::Paused | Exit::Statement => Err(self.runtime_error("nested call was paused")),
        }
    }

    pub(crate) fn is_nested(&self) -> bool {
        self.nested > 0
    }

    /// Calls something and delivers the result later, or at once if it is native.
    pub(crate) fn call_into(
        &mut self,
        mut callee: Value,
        mut args: Args,
        then: Then,
    ) -> Result<(), Raise> {
        loop {
            match &callee {
                Value::Function(function) => {
                    let function = Rc::clone(function);
                    return self.enter_function(&function, args, then);
                }
                Value::Native(native) => {
                    let native = Rc::clone(native);
                    let value = self.invoke(&native, args)?;
                    if let Some((generator, sent)) = self.pending_send.take() {
                        let then = match then {
                            Then::Push => Then::Next(None),
                            other => other,
                        };
                        return self.resume_for(&generator, sent, then);
                    }
                    match self.pending.take() {
                        Some((next, next_args)) => (callee, args) = (next, next_args),
                        None => return self.deliver(then, value),
                    }
                }
                Value::BoundMethod(method) => {
                    args.positional.insert(0, method.receiver.clone());
                    let function = method.function.clone();
                    callee = function;
                }
                Value::Class(class) => {
                    let class = Rc::clone(class);
                    return self.construct(&class, args, then);
                }
                Value::Object(object) => {
                    let value = Rc::clone(object).call(self, args)?;
                    match self.pending.take() {
                        Some((next, next_args)) => (callee, args) = (next, next_args),
                        None => return self.deliver(then, value),
                    }
                }
                other => match self.special_method(other, "__call__") {
                    Some(method) => {
                        args.positional.insert(0, other.clone());
                        callee = method;
                    }
                    None => {
                        let class = self.class_of(other).name();
                        return Err(self.type_error(format!("'{class}' object is not callable")));
                    }
                },
            }
        }
    }

    /// Resumes a generator for `send`; native code that waits gets `StopIteration` at its end.
    fn resume_for(
        &mut self,
        generator: &Rc<Generator>,
        sent: Value,
        then: Then,
    ) -> Result<(), Raise> {
        if !matches!(then, Then::Stop) {
            return self.resume(generator, sent, then);
        }
        let depth = self.callers.len();
        self.resume(generator, sent, Then::Stop)?;
        if self.callers.len() > depth {
            self.run_nested()?;
        }
        if matches!(&*generator.state.borrow(), GeneratorState::Finished) {
            let value = self.outcome.take().unwrap_or_default();
            let class = self.exception("StopIteration");
            let args = if value.is_none() { Vec::new() } else { vec![value] };
            return Err(self.raise(&class, args));
        }
        Ok(())
    }

    fn invoke(&mut self, native: &Rc<NativeFunction>, mut args: Args) -> Result<Value, Raise> {
        if let Some(at) = native.drains
            && let Some(slot) = args.positional.get_mut(usize::from(at))
            && self.is_lazy(slot)
        {
            let items = self.collect(&slot.clone())?;
            *slot = Value::list(items);
        }
        native.invoke(self, args)
    }

    /// Delivers a value as a frame's end would.
    pub(crate) fn deliver(&mut self, then: Then, value: Value) -> Result<(), Raise> {
        match then {
            Then::Stop => self.outcome = Some(value),
            Then::Push | Then::Next(_) => self.frame.push(value),
            Then::Discard => {}
            Then::Construct(instance) => {
                if !value.is_none() {
                    let class = self.class_of(&value).name();
                    return Err(
                        self.type_error(format!("__init__() should return None, not '{class}'"))
                    );
                }
                self.frame.push(instance);
            }
            Then::Replace(at) => {
                if let Some(slot) = self.frame.stack.get_mut(at) {
                    *slot = value;
                }
            }
            Then::Class(build) => return self.finish_class(*build),
            Then::Import(name) => {
                let module = self.modules.get(&name).unwrap_or_default();
                self.frame.push(module);
            }
            Then::ForIter(_) | Then::Send(_) => self.frame.push(value),
        }
        Ok(())
    }

    /// Pushes a frame.
    pub(crate) fn push_frame(&mut self, frame: Box<Frame>) -> Result<(), Raise> {
        if self.callers.len() >= self.limits.recursion {
            return Err(self.recursion_error());
        }
        self.callers.push(std::mem::replace(&mut self.frame, frame));
        Ok(())
    }

    /// Begins a function written in Python; a generator is made, not begun.
    pub(crate) fn enter_function(
        &mut self,
        function: &Rc<Function>,
        args: Args,
        then: Then,
    ) -> Result<(), Raise> {
        let locals = self.bind_arguments(function, args)?;
        self.enter_bound(function, locals, then)
    }

    /// Begins a function whose parameters are in place.
    pub(crate) fn enter_bound(
        &mut self,
        function: &Rc<Function>,
        mut locals: Vec<Option<Value>>,
        then: Then,
    ) -> Result<(), Raise> {
        let code = &function.code;
        locals.resize(code.local_names.len(), None);
        let mut frame =
            Frame::with_locals(Rc::clone(code), Rc::clone(&function.globals), then, locals);
        frame.cells.extend(function.closure.iter().cloned());
        frame.namespace.clone_from(&function.namespace);
        for (slot, cell) in &code.cell_parameters {
            let value = frame.locals.get_mut(*slot as usize).and_then(Option::take);
            if let Some(cell) = frame.cells.get(*cell as usize) {
                *cell.borrow_mut() = value;
            }
        }
        match code.generator {
            None => self.push_frame(frame),
            Some(kind) => {
                let then = std::mem::replace(&mut frame.then, Then::Stop);
                let state = GeneratorState::Waiting { frame, started: false };
                let generator = Generator {
                    kind,
                    name: function.name(),
                    state: std::cell::RefCell::new(state),
                };
                self.deliver(then, Value::Generator(Rc::new(generator)))
            }
        }
    }

    fn bind_arguments(
        &mut self,
        function: &Rc<Function>,
        args: Args,
    ) -> Result<Vec<Option<Value>>, Raise> {
        let code = &function.code;
        let parameters = code.parameters;
        let given = args.positional.len();
        let mut positional = args.positional.into_iter();
        let mut locals: Vec<Option<Value>> = Vec::with_capacity(code.local_names.len());
        locals.extend(positional.by_ref().take(parameters.positional).map(Some));
        locals.resize(parameters.count(), None);
        let rest: Vec<Value> = positional.collect();
        if parameters.variadic {
            let at = parameters.positional + parameters.keyword_only;
            set(&mut locals, at, Value::tuple(rest));
        } else if !rest.is_empty() {
            return Err(self.too_many(function, given));
        }
        if !args.keywords.is_empty() || parameters.keywords {
            self.bind_keywords(function, args.keywords, &mut locals)?;
        }
        self.fill_defaults(function, &mut locals)?;
        Ok(locals)
    }

    fn bind_keywords(
        &mut self,
        function: &Function,
        keywords: Vec<(Str, Value)>,
        locals: &mut [Option<Value>],
    ) -> Result<(), Raise> {
        let code = &function.code;
        let parameters = code.parameters;
        let named = parameters.positional + parameters.keyword_only;
        let extra = Dict::default();
        let mut refused = Vec::new();
        for (name, value) in keywords {
            let slot = code
                .local_names
                .iter()
                .take(named)
                .position(|known| known.same(&name) || *known == name);
            match slot {
                Some(at) if at >= parameters.positional_only => match locals.get_mut(at) {
                    Some(Some(_)) => {
                        let function = function.qualified_name.borrow().clone();
                        return Err(self.type_error(format!(
                            "{function}() got multiple values for argument '{name}'"
                        )));
                    }
                    Some(slot) => *slot = Some(value),
                    None => {}
                },
                _ if parameters.keywords => extra.set_name(&name, value),
                Some(_) => refused.push(name),
                None => {
                    let function = function.qualified_name.borrow().clone();
                    return Err(self.type_error(format!(
                        "{function}() got an unexpected keyword argument '{name}'"
                    )));
                }
            }
        }
        if !refused.is_empty() {
            let function = function.qualified_name.borrow().clone();
            let names: Vec<&str> = refused.iter().map(Str::as_str).collect();
            return Err(self.type_error(format!(
                "{function}() got some positional-only arguments passed as keyword arguments: '{}'",
                names.join(", ")
            )));
        }
        if parameters.keywords {
            set(locals, parameters.count() - 1, Value::Dict(Rc::new(extra)));
        }
        Ok(())
    }

    fn fill_defaults(
        &mut self,
        function: &Function,
        locals: &mut [Option<Value>],
    ) -> Result<(), Raise> {
        let code = &function.code;
        let parameters = code.parameters;
        let mut absent: Vec<&str> = Vec::new();
        let defaults = function.defaults.borrow();
        let first_default = parameters.positional.saturating_sub(defaults.len());
        for (at, slot) in locals.iter_mut().enumerate().take(parameters.positional) {
            if slot.is_none() {
                *slot = at.checked_sub(first_default).and_then(|at| defaults.get(at)).cloned();
                if slot.is_none() {
                    absent.extend(code.local_names.get(at).map(Str::as_str));
                }
            }
        }
        drop(defaults);
        let mut kind = "positional";
        if absent.is_empty() {
            kind = "keyword-only";
            let names = code.local_names.iter().zip(locals.iter_mut());
            for (name, slot) in names.skip(parameters.positional).take(parameters.keyword_only) {
                if slot.is_none() {
                    let known = function.keyword_defaults.iter().find(|(known, _)| known == name);
                    *slot = known.map(|(_, value)| value.clone());
                    if slot.is_none() {
                        absent.push(name);
                    }
                }
            }
        }
        if absent.is_empty() {
            return Ok(());
        }
        let name = function.qualified_name.borrow().clone();
        Err(self.type_error(missing_message(&name, kind, &absent)))
    }

    fn too_many(&mut self, function: &Function, given: usize) -> Raise {
        let most = function.code.parameters.positional;
        let least = most - function.defaults.borrow().len().min(most);
        let name = function.qualified_name.borrow().clone();
        let was = if given == 1 { "was" } else { "were" };
        let takes = if least == most {
            format!("{most} positional argument{}", if most == 1 { "" } else { "s" })
        } else {
            format!("from {least} to {most} positional arguments")
        };
        self.type_error(format!("{name}() takes {takes} but {given} {was} given"))
    }

    /// `C(…)`.
    fn construct(&mut self, class: &Rc<Class>, args: Args, then: Then) -> Result<(), Raise> {
        let metaclass = class.metaclass.borrow().clone();
        if let Some(metaclass) = metaclass
            && let Some(call) = metaclass.lookup("__call__")
            && !matches!(&call, Value::Native(_))
        {
            let mut args = args;
            args.positional.insert(0, Value::Class(Rc::clone(class)));
            return self.call_into(call, args, then);
        }
        self.construct_plain(class, args, then)
    }

    /// `type.__call__`: `__new__`, then `__init__`.
    pub(crate) fn construct_plain(
        &mut self,
        class: &Rc<Class>,
        args: Args,
        then: Then,
    ) -> Result<(), Raise> {
        let instance = match self.constructor(class) {
            Some(new) => {
                let mut forwarded = args.clone();
                forwarded.positional.insert(0, Value::Class(Rc::clone(class)));
                if matches!(&new, Value::Native(_)) && class.native {
                    // Of a native class the constructor does everything.
                    return self.call_into(new, forwarded, then);
                }
                self.call(&new, forwarded)?
            }
            None => self.allocate(class, &args)?,
        };
        if !self.class_of(&instance).is_subclass(class) {
            return self.deliver(then, instance);
        }
        self.initialize(class, instance, args, then)
    }

    fn constructor(&mut self, class: &Rc<Class>) -> Option<Value> {
        let found = class.lookup("__new__")?;
        match found.downcast_ref::<crate::builtins::Property>() {
            Some(property) => Some(property.function()),
            None => Some(found),
        }
    }

    /// A new instance of a class without a `__new__` of its own.
    pub(crate) fn allocate(&mut self, class: &Rc<Class>, args: &Args) -> Result<Value, Raise> {
        if !class.instantiable {
            let name = class.full_name();
            return Err(self.type_error(format!("cannot create '{name}' instances")));
        }
        let abstracts = self.abstract_methods(class);
        if !abstracts.is_empty() {
            return Err(self.abstract_error(class, &abstracts));
        }
        let instance = Instance::new(Rc::clone(class));
        if class.layout == Layout::Exception {
            instance.exception(|state| state.args.clone_from(&args.positional));
        }
        if let Some(hooks) = class.hooks.clone() {
            hooks.on_instance(self, &instance)?;
        }
        Ok(Value::Instance(instance))
    }

    fn initialize(
        &mut self,
        class: &Rc<Class>,
        instance: Value,
        mut args: Args,
        then: Then,
    ) -> Result<(), Raise> {
        let Some(init) = class.lookup("__init__") else {
            let plain = class.layout == Layout::Object && class.lookup("__new__").is_none();
            if plain && !args.is_empty() {
                let name = class.name();
                return Err(self.type_error(format!("{name}() takes no arguments")));
            }
            return self.deliver(then, instance);
        };
        if let Some(hooks) = class.hooks.clone() {
            hooks.on_init(self, &instance, &mut args)?;
        }
        args.positional.insert(0, instance.clone());
        match (then, &init) {
            (Then::Push, Value::Function(function)) => {
                let function = Rc::clone(function);
                self.enter_function(&function, args, Then::Construct(instance))
            }
            (then, init) => {
                let result = self.call(init, args)?;
                if !result.is_none() {
                    let class = self.class_of(&result).name();
                    return Err(
                        self.type_error(format!("__init__() should return None, not '{class}'"))
                    );
                }
                self.deliver(then, instance)
            }
        }
    }

    /// The arguments on the stack, as instructions left them; `names` are of the last ones.
    pub(crate) fn pop_arguments(&mut self, count: usize, names: &[Str]) -> Args {
        let values = self.frame.pop_many(count);
        let split = values.len().saturating_sub(names.len());
        let mut positional = values;
        let keywords = positional.split_off(split);
        Args { positional, keywords: names.iter().cloned().zip(keywords).collect() }
    }

    /// `Call`: the callable below its positional arguments.
    pub(crate) fn call_plain(&mut self, count: usize) -> Result<(), Raise> {
        if let Some(Value::Function(function)) = self.frame.peek(count)
            && function.code.parameters.simple()
            && function.code.parameters.positional == count
        {
            let function = Rc::clone(function);
            let args = self.frame.pop_many(count);
            self.frame.stack.pop();
            return self.enter_bound(&function, args.into_iter().map(Some).collect(), Then::Push);
        }
        if self.drain_argument(count, count, 0)? {
            return Ok(());
        }
        let args = Args::from(self.frame.pop_many(count));
        let callee = self.frame.pop();
        self.call_into(callee, args, Then::Push)
    }

    /// `CallMethod`: function and receiver, or a mark and a callable, below the arguments.
    pub(crate) fn call_method_op(&mut self, count: usize, names: &[Str]) -> Result<(), Raise> {
        let method = !matches!(self.frame.peek(count + 1), Some(Value::NotImplemented));
        if method
            && names.is_empty()
            && let Some(Value::Function(function)) = self.frame.peek(count + 1)
            && function.code.parameters.simple()
            && function.code.parameters.positional == count + 1
        {
            let function = Rc::clone(function);
            let args = self.frame.pop_many(count + 1);
            self.frame.stack.pop();
            return self.enter_bound(&function, args.into_iter().map(Some).collect(), Then::Push);
        }
        let depth = if method { count + 1 } else { count };
        if self.drain_argument(depth, count, usize::from(method))? {
            return Ok(());
        }
        let mut args = self.pop_arguments(count, names);
        let receiver = self.frame.pop();
        let function = self.frame.pop();
        if method {
            args.positional.insert(0, receiver);
            self.call_into(function, args, Then::Push)
        } else {
            self.call_into(receiver, args, Then::Push)
        }
    }

    /// If a native callable wants a finite argument and gets an iterator, begins turning that into
    /// a list; the call instruction runs again afterwards.
    fn drain_argument(
        &mut self,
        callee: usize,
        count: usize,
        receivers: usize,
    ) -> Result<bool, Raise> {
        let drains = match self.frame.peek(callee) {
            Some(Value::Native(native)) => native.drains,
            Some(Value::Class(class)) if class.native => class.drains.get(),
            Some(Value::BoundMethod(method)) => match &method.function {
                Value::Native(native) => native.drains.and_then(|at| at.checked_sub(1)),
                _ => None,
            },
            _ => None,
        };
        let Some(argument) = drains.and_then(|at| usize::from(at).checked_sub(receivers)) else {
            return Ok(false);
        };
        let Some(depth) = count.checked_sub(argument + 1) else { return Ok(false) };
        self.drain_at(depth)
    }

    /// Begins turning the iterator this deep in the stack into a list, if it is one.
    pub(crate) fn drain_at(&mut self, depth: usize) -> Result<bool, Raise> {
        let Some(value) = self.frame.peek(depth).cloned() else { return Ok(false) };
        if self.is_nested() || !self.is_lazy(&value) {
            return Ok(false);
        }
        let Some(drain) = self.builtins.get("__drain__") else { return Ok(false) };
        let Some(at) = self.frame.stack.len().checked_sub(depth + 1) else { return Ok(false) };
        self.frame.pc = self.frame.pc.saturating_sub(1);
        let begun = self.call_into(drain, Args::from([value]), Then::Replace(at));
        if begun.is_err() {
            self.frame.pc += 1;
        }
        begun.map(|()| true)
    }

    /// `CallSpread`: callable, positional arguments, keywords.
    pub(crate) fn call_spread(&mut self) -> Result<(), Raise> {
        let keywords = self.frame.pop();
        let positional = self.frame.pop();
        let callee = self.frame.pop();
        let mut args = Args::from(self.collect(&positional)?);
        if let Value::Dict(dict) = &keywords {
            for (key, value) in dict.items() {
                match key {
                    Value::Str(name) => args.keywords.push((name, value)),
                    _ => return Err(self.type_error("keywords must be strings")),
                }
            }
        }
        self.call_into(callee, args, Then::Push)
    }

    /// `Return`. True if native code waited for the value.
    pub(crate) fn return_value(&mut self, value: Value) -> Result<bool, Raise> {
        let Some(caller) = self.callers.pop() else {
            self.outcome = Some(value);
            return Ok(true);
        };
        let mut frame = std::mem::replace(&mut self.frame, caller);
        let then = std::mem::replace(&mut frame.then, Then::Stop);
        let stop = matches!(then, Then::Stop);
        if let Some(generator) = frame.generator.take() {
            *generator.state.borrow_mut() = GeneratorState::Finished;
            drop(frame);
            self.finish_iteration(generator.kind, then, value)?;
            return Ok(stop);
        }
        // Locals go before the caller sees the value: an object nobody else refers to is gone.
        drop(frame);
        self.deliver(then, value)?;
        Ok(stop)
    }

    /// A generator ended.
    pub(crate) fn finish_iteration(
        &mut self,
        kind: GeneratorKind,
        then: Then,
        value: Value,
    ) -> Result<(), Raise> {
        match then {
            Then::ForIter(target) => {
                self.frame.pop();
                self.frame.pc = target as usize;
            }
            Then::Send(target) => {
                self.frame.pop();
                if kind == GeneratorKind::AsyncGenerator {
                    return Err(self.error("StopAsyncIteration", ""));
                }
                self.frame.push(value);
                self.frame.pc = target as usize;
            }
            Then::Next(Some(default)) => self.frame.push(*default),
            Then::Next(None) => {
                let class = self.exception("StopIteration");
                let args = if value.is_none() { Vec::new() } else { vec![value] };
                return Err(self.raise(&class, args));
            }
            Then::Stop => self.outcome = Some(value),
            other => return self.deliver(other, value),
        }
        Ok(())
    }

    /// The class of instances of a subclass of `type`.
    pub(crate) fn type_class(&self) -> Rc<Class> {
        self.types.class(Kind::Type)
    }
}

fn set(locals: &mut [Option<Value>], at: usize, value: Value) {
    if let Some(slot) = locals.get_mut(at) {
        *slot = Some(value);
    }
}
