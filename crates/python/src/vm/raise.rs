//! Making and raising exceptions, and finding who handles them.

use std::rc::Rc;

use super::{Then, Vm};
use crate::host::{Args, Raise};
use crate::value::{Class, Instance, Str, TraceEntry, Value};

impl Vm {
    /// A built-in exception class by name; `Exception` if there is none of that name.
    pub fn exception(&self, name: &str) -> Rc<Class> {
        match self.builtins.get(name) {
            Some(Value::Class(class)) => class,
            _ => self.types.class(super::Kind::Exception),
        }
    }

    /// An exception of a class with arguments; `__init__` of classes written in Python runs.
    pub fn raise(&mut self, class: &Rc<Class>, args: impl Into<Args>) -> Raise {
        let args = args.into();
        if class.native {
            return self.raise_plain(class, args.positional);
        }
        match self.call(&Value::Class(Rc::clone(class)), args) {
            Ok(Value::Instance(instance)) if instance.is_exception() => Raise(instance),
            Ok(_) => self.type_error("exceptions must derive from BaseException"),
            Err(raise) => raise,
        }
    }

    fn raise_plain(&mut self, class: &Rc<Class>, args: Vec<Value>) -> Raise {
        let instance = Instance::new(Rc::clone(class));
        instance.exception(|state| state.args = args);
        Raise(instance)
    }

    /// A built-in exception with a message.
    pub fn error(&mut self, class: &str, message: impl Into<Str>) -> Raise {
        let class = self.exception(class);
        self.raise_plain(&class, vec![Value::Str(message.into())])
    }

    /// A `TypeError`.
    pub fn type_error(&mut self, message: impl Into<Str>) -> Raise {
        self.error("TypeError", message)
    }

    /// A `ValueError`.
    pub fn value_error(&mut self, message: impl Into<Str>) -> Raise {
        self.error("ValueError", message)
    }

    /// An `AttributeError`.
    pub fn attribute_error(&mut self, message: impl Into<Str>) -> Raise {
        self.error("AttributeError", message)
    }

    /// An `IndexError`.
    pub fn index_error(&mut self, message: impl Into<Str>) -> Raise {
        self.error("IndexError", message)
    }

    /// A `RuntimeError`.
    pub fn runtime_error(&mut self, message: impl Into<Str>) -> Raise {
        self.error("RuntimeError", message)
    }

    /// A `NotImplementedError`: Python or SQLAlchemy could do this, we cannot (yet).
    pub fn unsupported(&mut self, message: impl Into<Str>) -> Raise {
        self.error("NotImplementedError", message)
    }

    /// A `KeyError`.
    pub fn key_error(&mut self, key: Value) -> Raise {
        let class = self.exception("KeyError");
        self.raise_plain(&class, vec![key])
    }

    pub(crate) fn recursion_error(&mut self) -> Raise {
        self.error("RecursionError", "maximum recursion depth exceeded")
    }

    pub(crate) fn memory_error(&mut self) -> Raise {
        let limit = self.limits.memory >> 20;
        self.error("MemoryError", format!("the program needs more than {limit} MB"))
    }

    /// The exception that is being handled, in this frame or one that called it.
    pub fn handled(&self) -> Option<Rc<Instance>> {
        std::iter::once(&self.frame)
            .chain(self.callers.iter().rev())
            .find_map(|frame| frame.handled.last().cloned())
    }

    /// Sets the context of an exception that is raised while another is handled.
    pub(crate) fn set_context(&self, exception: &Rc<Instance>) {
        let Some(handled) = self.handled() else { return };
        if Rc::ptr_eq(&handled, exception) {
            return;
        }
        // Break a cycle as CPython does: the exception must not be its own context.
        let mut walk = Rc::clone(&handled);
        for _ in 0..100 {
            let next = walk.exception(|state| state.context.clone()).flatten();
            match next {
                Some(next) if Rc::ptr_eq(&next, exception) => {
                    walk.exception(|state| state.context = None);
                    break;
                }
                Some(next) => walk = next,
                None => break,
            }
        }
        exception.exception(|state| {
            if state.context.is_none() {
                state.context = Some(handled);
            }
        });
    }

    /// Records where an exception passes through the current frame.
    pub(crate) fn trace_current(&self, raise: &Raise) {
        let frame = &self.frame;
        if frame.code.internal || frame.code.ops.is_empty() {
            return;
        }
        let entry = TraceEntry {
            source: Rc::clone(&frame.code.source),
            span: frame.span(),
            function: frame.code.name.clone(),
        };
        raise.0.exception(|state| state.traceback.push(entry));
    }

    /// Goes to the handler of an exception, leaving frames on the way; the error comes back when a
    /// call from native code, or the program, ends with it.
    pub(crate) fn unwind(&mut self, raise: Raise) -> Result<(), Raise> {
        self.pending = None;
        self.set_context(&raise.0);
        let mut raise = raise;
        // An exception that is raised again in the same frame has its line already.
        let mut traced = std::mem::take(&mut self.reraising);
        loop {
            if !std::mem::take(&mut traced) {
                self.trace_current(&raise);
            }
            let at = u32::try_from(self.frame.pc.saturating_sub(1)).unwrap_or(u32::MAX);
            let handlers = &self.frame.code.handlers;
            let found = handlers
                .iter()
                .filter(|handler| handler.start <= at && at < handler.end)
                .max_by_key(|handler| handler.level)
                .copied();
            if let Some(handler) = found.filter(|_| !self.stopping) {
                self.frame.stack.truncate(handler.depth as usize);
                self.frame.handled.truncate(handler.handled as usize);
                self.frame.handled.push(raise.0);
                self.frame.pc = handler.target as usize;
                return Ok(());
            }
            raise = self.leave_generator(raise);
            raise = self.leave_frame(raise)?;
        }
    }

    /// Leaves the current frame with an exception, which goes on in the caller; it is the error if
    /// native code waited for the frame.
    fn leave_frame(&mut self, raise: Raise) -> Result<Raise, Raise> {
        let Some(caller) = self.callers.pop() else { return Err(raise) };
        let frame = std::mem::replace(&mut self.frame, caller);
        match frame.then {
            Then::Stop => Err(raise),
            Then::Import(name) => {
                self.modules.remove(&name);
                Ok(raise)
            }
            _ => Ok(raise),
        }
    }

    /// Marks the generator of the current frame as finished; a `StopIteration` that leaves it is a
    /// `RuntimeError`.
    fn leave_generator(&mut self, raise: Raise) -> Raise {
        let Some(generator) = self.frame.generator.take() else { return raise };
        *generator.state.borrow_mut() = crate::value::GeneratorState::Finished;
        if !raise.is(&self.exception("StopIteration")) {
            return raise;
        }
        let wrapped = self.runtime_error(match generator.kind {
            crate::value::GeneratorKind::Coroutine => "coroutine raised StopIteration",
            _ => "generator raised StopIteration",
        });
        wrapped.0.exception(|state| {
            state.cause = Some(Rc::clone(&raise.0));
            state.context = Some(raise.0);
        });
        wrapped
    }
}
