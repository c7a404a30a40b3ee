//! Generators and coroutines: resuming, yielding, throwing, closing.

use std::rc::Rc;

use super::{Then, Vm};
use crate::host::Raise;
use crate::value::{Generator, GeneratorKind, GeneratorState, Value};

impl Vm {
    /// Resumes a generator; its next value goes where `then` says.
    pub(crate) fn resume(
        &mut self,
        generator: &Rc<Generator>,
        sent: Value,
        then: Then,
    ) -> Result<(), Raise> {
        let state = std::mem::replace(&mut *generator.state.borrow_mut(), GeneratorState::Running);
        match state {
            GeneratorState::Waiting { mut frame, started } => {
                if started {
                    frame.push(sent);
                } else if !sent.is_none() {
                    *generator.state.borrow_mut() = GeneratorState::Waiting { frame, started };
                    let kind = describe(generator.kind);
                    return Err(self.type_error(format!(
                        "can't send non-None value to a just-started {kind}"
                    )));
                }
                frame.then = then;
                frame.generator = Some(Rc::clone(generator));
                if let Err(raise) = self.push_frame(frame) {
                    *generator.state.borrow_mut() = GeneratorState::Finished;
                    return Err(raise);
                }
                Ok(())
            }
            GeneratorState::Running => {
                let kind = describe(generator.kind);
                Err(self.value_error(format!("{kind} already executing")))
            }
            GeneratorState::Finished => {
                *generator.state.borrow_mut() = GeneratorState::Finished;
                if generator.kind == GeneratorKind::Coroutine {
                    return Err(self.runtime_error("cannot reuse already awaited coroutine"));
                }
                self.finish_iteration(generator.kind, then, Value::None)
            }
        }
    }

    /// The next value of a generator for native code; none at its end.
    pub(crate) fn next_of_generator(
        &mut self,
        generator: &Rc<Generator>,
    ) -> Result<Option<Value>, Raise> {
        let depth = self.callers.len();
        self.resume(generator, Value::None, Then::Stop)?;
        if self.callers.len() > depth {
            self.enter_native()?;
            let result = self.run_nested();
            self.leave_native();
            result?;
        }
        let value = self.outcome.take();
        Ok(value.filter(|_| !matches!(&*generator.state.borrow(), GeneratorState::Finished)))
    }

    /// `generator.send(value)`: the machine goes on in the generator's frame, so that it can be
    /// paused there.
    pub(crate) fn send_to(
        &mut self,
        generator: &Rc<Generator>,
        sent: Value,
    ) -> Result<Value, Raise> {
        self.pending_send = Some((Rc::clone(generator), sent));
        Ok(Value::None)
    }

    /// `Yield`. True if native code waited for the value.
    pub(crate) fn yield_value(&mut self) -> Result<bool, Raise> {
        let value = self.frame.pop();
        let Some(generator) = self.frame.generator.take() else {
            return Err(self.runtime_error("yield outside a generator"));
        };
        let Some(caller) = self.callers.pop() else {
            return Err(self.runtime_error("yield without a caller"));
        };
        let mut frame = std::mem::replace(&mut self.frame, caller);
        let then = std::mem::replace(&mut frame.then, Then::Stop);
        *generator.state.borrow_mut() = GeneratorState::Waiting { frame, started: true };
        match then {
            Then::Stop => {
                self.outcome = Some(value);
                return Ok(true);
            }
            // An asynchronous generator's value ends the wait for it.
            Then::Send(target) if generator.kind == GeneratorKind::AsyncGenerator => {
                self.frame.pop();
                self.frame.push(value);
                self.frame.pc = target as usize;
            }
            Then::Discard => {}
            _ => self.frame.push(value),
        }
        Ok(false)
    }

    /// Raises an exception inside a generator; its next value is returned, none at its end.
    pub(crate) fn throw_into(
        &mut self,
        generator: &Rc<Generator>,
        raise: Raise,
    ) -> Result<Option<Value>, Raise> {
        let state = std::mem::replace(&mut *generator.state.borrow_mut(), GeneratorState::Running);
        let (mut frame, started) = match state {
            GeneratorState::Waiting { frame, started } => (frame, started),
            other => {
                *generator.state.borrow_mut() = other;
                return Err(raise);
            }
        };
        if !started {
            *generator.state.borrow_mut() = GeneratorState::Finished;
            return Err(raise);
        }
        frame.then = Then::Stop;
        frame.generator = Some(Rc::clone(generator));
        self.push_frame(frame)?;
        self.enter_native()?;
        let result = match self.unwind(raise) {
            Ok(()) => self.run_nested(),
            Err(raise) => Err(raise),
        };
        self.leave_native();
        result?;
        let value = self.outcome.take();
        Ok(value.filter(|_| !matches!(&*generator.state.borrow(), GeneratorState::Finished)))
    }

    /// `generator.close()`.
    pub(crate) fn close_generator(&mut self, generator: &Rc<Generator>) -> Result<(), Raise> {
        let raise = self.error("GeneratorExit", "");
        raise.0.exception(|state| state.args.clear());
        match self.throw_into(generator, raise) {
            Ok(Some(_)) => Err(self.runtime_error("generator ignored GeneratorExit")),
            Ok(None) => Ok(()),
            Err(raise) => {
                let exit = self.exception("GeneratorExit");
                let stop = self.exception("StopIteration");
                if raise.is(&exit) || raise.is(&stop) { Ok(()) } else { Err(raise) }
            }
        }
    }
}

pub(crate) fn describe(kind: GeneratorKind) -> &'static str {
    match kind {
        GeneratorKind::Generator => "generator",
        GeneratorKind::Coroutine => "coroutine",
        GeneratorKind::AsyncGenerator => "async generator",
    }
}
