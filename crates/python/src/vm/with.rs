//! Context managers, awaiting, exception matching.

use std::rc::Rc;

use super::{Then, Vm};
use crate::host::{Args, Raise};
use crate::value::{GeneratorKind, Value};

impl Vm {
    /// `WithEnter`: replaces the manager on the stack by its bound `__exit__` and calls
    /// `__enter__`, whose result goes on top.
    pub(crate) fn with_enter(&mut self, asynchronous: bool) -> Result<(), Raise> {
        let manager = self.frame.pop();
        let (enter, exit) =
            if asynchronous { ("__aenter__", "__aexit__") } else { ("__enter__", "__exit__") };
        let methods = (self.special_method(&manager, enter), self.special_method(&manager, exit));
        if let (Some(enter), Some(exit)) = methods {
            self.frame.push(Value::bound(manager.clone(), exit));
            return self.call_into(enter, Args::from([manager]), Then::Push);
        }
        if let (Value::Object(object), false) = (&manager, asynchronous) {
            let value = Rc::clone(object).enter(self)?;
            let object = Rc::clone(object);
            let exit = Value::closure("__exit__", move |vm, args| {
                let exception = match args.at(1) {
                    Value::Instance(exception) => Some(exception),
                    _ => None,
                };
                let swallow = Rc::clone(&object).exit(vm, exception.as_ref())?;
                Ok(Value::Bool(swallow))
            });
            self.frame.push(exit);
            self.frame.push(value);
            return Ok(());
        }
        let class = self.class_of(&manager).name();
        let kind = if asynchronous { "the asynchronous" } else { "the" };
        Err(self.type_error(format!(
            "'{class}' object does not support {kind} context manager protocol"
        )))
    }

    /// `ExitArguments`: class, exception and traceback of what is being handled.
    pub(crate) fn exit_arguments(&mut self) {
        match self.frame.handled.last().cloned() {
            Some(exception) => {
                self.frame.push(Value::Class(exception.class()));
                self.frame.push(Value::Instance(exception));
                self.frame.push(Value::None);
            }
            None => {
                for _ in 0..3 {
                    self.frame.push(Value::None);
                }
            }
        }
    }

    /// `MatchException`: jumps if the exception being handled is not of the class, or of one of the
    /// classes, on the stack.
    pub(crate) fn match_exception(&mut self, target: u32) -> Result<(), Raise> {
        let classes = self.frame.pop();
        let Some(exception) = self.frame.handled.last().cloned() else { return Ok(()) };
        let class = exception.class();
        let candidates = match &classes {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        let base = self.kind(super::Kind::BaseException);
        let mut matched = false;
        for candidate in &candidates {
            match candidate {
                Value::Class(candidate) if candidate.is_subclass(&base) => {
                    matched = matched || class.is_subclass(candidate);
                }
                _ => {
                    return Err(self.type_error(
                        "catching classes that do not inherit from BaseException is not allowed",
                    ));
                }
            }
        }
        if !matched {
            self.frame.pc = target as usize;
        }
        Ok(())
    }

    /// `Raise`: with an exception, perhaps with a cause, or again what is being handled.
    pub(crate) fn raise_op(&mut self, count: u32) -> Result<(), Raise> {
        if count == 0 {
            return Err(match self.handled() {
                Some(exception) => {
                    self.reraising = !self.frame.handled.is_empty();
                    Raise(exception)
                }
                None => self.runtime_error("No active exception to reraise"),
            });
        }
        let cause = if count == 2 { Some(self.frame.pop()) } else { None };
        let value = self.frame.pop();
        let raise = self.exception_of(value)?;
        if let Some(cause) = cause {
            let cause = match cause {
                Value::None => None,
                other => match self.exception_of(other) {
                    Ok(cause) => Some(cause.0),
                    Err(_) => {
                        return Err(
                            self.type_error("exception causes must derive from BaseException")
                        );
                    }
                },
            };
            raise.0.exception(|state| {
                state.cause = cause;
                state.suppress_context = true;
            });
        }
        Err(raise)
    }

    /// An exception instance from a class or an instance.
    pub(crate) fn exception_of(&mut self, value: Value) -> Result<Raise, Raise> {
        let value = match value {
            Value::Class(class) if class.is_subclass(&self.kind(super::Kind::BaseException)) => {
                self.call(&Value::Class(class), Args::none())?
            }
            other => other,
        };
        match value {
            Value::Instance(instance) if instance.is_exception() => Ok(Raise(instance)),
            _ => Err(self.type_error("exceptions must derive from BaseException")),
        }
    }

    /// `GetAwaitable`: what `await` waits for.
    pub(crate) fn get_awaitable(&mut self) -> Result<(), Raise> {
        let value = self.frame.pop();
        match &value {
            Value::Generator(generator) if generator.kind != GeneratorKind::Generator => {
                self.frame.push(value);
                Ok(())
            }
            other => match self.special_method(other, "__await__") {
                Some(method) => self.call_into(method, Args::from([value]), Then::Push),
                None => {
                    let class = self.class_of(&value).name();
                    Err(self
                        .type_error(format!("object {class} can't be used in 'await' expression")))
                }
            },
        }
    }

    /// `GetAsyncIter`.
    pub(crate) fn get_async_iter(&mut self) -> Result<(), Raise> {
        let value = self.frame.pop();
        if let Value::Generator(generator) = &value
            && generator.kind == GeneratorKind::AsyncGenerator
        {
            self.frame.push(value);
            return Ok(());
        }
        match self.special_method(&value, "__aiter__") {
            Some(method) => self.call_into(method, Args::from([value]), Then::Push),
            None => {
                let class = self.class_of(&value).name();
                Err(self.type_error(format!(
                    "'async for' requires an object with __aiter__ method, got {class}"
                )))
            }
        }
    }

    /// `GetAsyncNext`: pushes what to await for the next value; the iterator stays.
    pub(crate) fn get_async_next(&mut self) -> Result<(), Raise> {
        let Some(iterator) = self.frame.peek(0).cloned() else { return Ok(()) };
        if matches!(iterator, Value::Generator(_)) {
            self.frame.push(iterator);
            return Ok(());
        }
        match self.special_method(&iterator, "__anext__") {
            Some(method) => self.call_into(method, Args::from([iterator]), Then::Push),
            None => {
                let class = self.class_of(&iterator).name();
                Err(self.type_error(format!(
                    "'async for' requires an iterator with __anext__ method, got {class}"
                )))
            }
        }
    }

    /// `EndAsyncFor`: goes on after the end of an asynchronous iteration.
    pub(crate) fn end_async_for(&mut self) -> Result<(), Raise> {
        let Some(exception) = self.frame.handled.pop() else { return Ok(()) };
        let raise = Raise(exception);
        if raise.is(&self.exception("StopAsyncIteration")) {
            self.frame.pop();
            return Ok(());
        }
        Err(raise)
    }

    /// `GetYieldFrom`: an iterator for `yield from`.
    pub(crate) fn get_yield_from(&mut self) -> Result<(), Raise> {
        match self.frame.peek(0) {
            Some(Value::Generator(_)) => Ok(()),
            _ => self.get_iter(),
        }
    }

    /// `Send`: passes a value on to the iterator below it; at its end replaces it by its result and
    /// jumps.
    pub(crate) fn send_op(&mut self, target: u32) -> Result<(), Raise> {
        let sent = self.frame.pop();
        let Some(iterator) = self.frame.peek(0).cloned() else { return Ok(()) };
        if let Value::Generator(generator) = &iterator {
            return self.resume(&Rc::clone(generator), sent, Then::Send(target));
        }
        if !sent.is_none()
            && let Some(method) = self.special_method(&iterator, "send")
        {
            let value = self.call(&method, [iterator, sent])?;
            self.frame.push(value);
            return Ok(());
        }
        match self.next_or_result(&iterator)? {
            Ok(value) => self.frame.push(value),
            Err(result) => {
                self.frame.pop();
                self.frame.push(result);
                self.frame.pc = target as usize;
            }
        }
        Ok(())
    }

    /// The next value of an iterator, or the value of its `StopIteration`.
    fn next_or_result(&mut self, iterator: &Value) -> Result<Result<Value, Value>, Raise> {
        if let Value::Instance(_) = iterator
            && let Some(method) = self.special_method(iterator, "__next__")
        {
            return match self.call(&method, [iterator.clone()]) {
                Ok(value) => Ok(Ok(value)),
                Err(raise) if raise.is(&self.exception("StopIteration")) => {
                    let args = raise.0.exception(|state| state.args.clone()).unwrap_or_default();
                    Ok(Err(args.into_iter().next().unwrap_or_default()))
                }
                Err(raise) => Err(raise),
            };
        }
        Ok(self.next(iterator)?.ok_or(Value::None))
    }
}
