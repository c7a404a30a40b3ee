//! The Mersenne Twister behind `random`, seeded as CPython seeds it.

use std::cell::RefCell;
use std::rc::Rc;

use num_bigint::BigInt;
use num_bigint::Sign;

use crate::host::{Args, ClassBuilder, Object, Raise};
use crate::value::{Class, Module, Value, big};
use crate::vm::Vm;

const SIZE: usize = 624;

/// A generator of 32-bit numbers.
#[derive(Debug)]
struct Twister {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    words: Vec<u32>,
    at: usize,
}

impl State {
    fn word(&self, at: usize) -> u32 {
        self.words.get(at % SIZE).copied().unwrap_or(0)
    }

    fn set(&mut self, at: usize, value: u32) {
        if let Some(word) = self.words.get_mut(at) {
            *word = value;
        }
    }

    /// `init_genrand`.
    fn from_number(seed: u32) -> Self {
        let mut state = Self { words: vec![seed; SIZE], at: SIZE };
        for at in 1..SIZE {
            let before = state.word(at - 1);
            let index = u32::try_from(at).unwrap_or(0);
            let next = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(index);
            state.set(at, next);
        }
        state
    }

    /// `init_by_array`.
    fn from_key(key: &[u32]) -> Self {
        let mut state = Self::from_number(19_650_218);
        let (mut i, mut j) = (1, 0);
        for _ in 0..SIZE.max(key.len()) {
            let before = state.word(i - 1);
            let mixed = state.word(i) ^ (before ^ (before >> 30)).wrapping_mul(1_664_525);
            let part = key.get(j).copied().unwrap_or(0);
            let index = u32::try_from(j).unwrap_or(0);
            state.set(i, mixed.wrapping_add(part).wrapping_add(index));
            (i, j) = (i + 1, j + 1);
            if i >= SIZE {
                state.set(0, state.word(SIZE - 1));
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 1..SIZE {
            let before = state.word(i - 1);
            let mixed = state.word(i) ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941);
            let index = u32::try_from(i).unwrap_or(0);
            state.set(i, mixed.wrapping_sub(index));
            i += 1;
            if i >= SIZE {
                state.set(0, state.word(SIZE - 1));
                i = 1;
            }
        }
        state.set(0, 0x8000_0000);
        state
    }

    fn next(&mut self) -> u32 {
        if self.at >= SIZE {
            for at in 0..SIZE {
                let joined = (self.word(at) & 0x8000_0000) | (self.word(at + 1) & 0x7FFF_FFFF);
                let twist = if joined & 1 == 0 { 0 } else { 0x9908_B0DF };
                let next = self.word(at + 397) ^ (joined >> 1) ^ twist;
                self.set(at, next);
            }
            self.at = 0;
        }
        let mut y = self.word(self.at);
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }
}

impl Object for Twister {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("random._Twister")
    }
}

fn new_twister(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, seed] = args.bind(vm, "_Twister(cls, seed)")?;
    let seed = big(&seed.unwrap_or_default()).unwrap_or_default();
    let mut key = seed.magnitude().to_u32_digits();
    if key.is_empty() {
        key.push(0);
    }
    Ok(Value::object(Twister { state: RefCell::new(State::from_key(&key)) }))
}

fn random(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let twister = args.this::<Twister>(vm)?;
    let mut state = twister.state.borrow_mut();
    let (a, b) = (state.next() >> 5, state.next() >> 6);
    let value = (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0;
    Ok(Value::Float(value))
}

fn getrandbits(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let twister = args.this::<Twister>(vm)?;
    let bits = usize::try_from(vm.index(&args.at(1))?).unwrap_or(0);
    vm.reserve(bits / 8)?;
    let mut state = twister.state.borrow_mut();
    let mut words = Vec::new();
    let mut left = bits;
    while left > 0 {
        let word = state.next();
        let take = left.min(32);
        words.push(if take < 32 { word >> (32 - take) } else { word });
        left -= take;
    }
    Ok(Value::int(BigInt::new(Sign::Plus, words)))
}

fn entropy(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::int(BigInt::from(vm.host().random())))
}

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let class = ClassBuilder::new("random", "_Twister")
        .constructor(new_twister)
        .method("random", random)
        .method("getrandbits", getrandbits)
        .build(vm);
    module.set("_Twister", Value::Class(class));
    module.set("_entropy", Value::function("_entropy", entropy));
    Ok(())
}
