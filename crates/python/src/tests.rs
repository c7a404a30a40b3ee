//! Programs that CPython agrees with, errors at their places, and the bounds of a run.

use std::rc::Rc;

use crate::{Diagnostic, Limits, Location, Mode, Step, StepMode, Value, Vm, run_to_string};

/// Runs a program that asserts; it must come to its end in silence.
fn agree(program: &str) {
    assert_eq!(run_to_string(&mut Vm::default(), program), "");
}

#[test]
fn the_language_agrees_with_cpython() {
    agree(include_str!("tests/programs/language.py"));
}

#[test]
fn classes_agree_with_cpython() {
    agree(include_str!("tests/programs/classes.py"));
}

#[test]
fn builtins_agree_with_cpython() {
    agree(include_str!("tests/programs/builtins.py"));
}

/// What is wrong with a text, with line and column, or the exception it ends with.
fn failure(vm: &mut Vm, program: &str) -> String {
    let show = |class: &str, message: &str, place: Option<(usize, usize)>| {
        let (line, column) = place.unwrap_or_default();
        format!("{line}:{column} {class}: {message}")
    };
    let first = |found: &[Diagnostic]| match found.first() {
        Some(first) => {
            let place = (first.location.line(), first.location.column());
            show(first.class, &first.message, Some(place))
        }
        None => String::new(),
    };
    if let Err(found) = vm.load("program.py", program, Mode::Module) {
        return first(&found);
    }
    let Err(raise) = vm.run_to_end() else { return "no failure".to_owned() };
    let place = raise.0.exception(|state| {
        let entry = state.traceback.first()?;
        let place = Location { source: Rc::clone(&entry.source), span: entry.span };
        Some((place.line(), place.column()))
    });
    let message = vm.str(&Value::Instance(Rc::clone(&raise.0))).unwrap_or_default();
    show(&raise.0.class().name(), &message, place.flatten())
}

#[test]
fn failures_have_a_place_and_words() {
    let cases = [
        ("x = 1\nx = = 2", "2:5 SyntaxError: invalid syntax"),
        ("return 3", "1:1 SyntaxError: 'return' outside function"),
        ("x = 1\nyield x", "2:1 SyntaxError: 'yield' outside function"),
        ("nonlocal x", "1:1 SyntaxError: nonlocal declaration not allowed at module level"),
        (
            "def f():\n    nonlocal x\n    x = 1",
            "2:5 SyntaxError: no binding for nonlocal 'x' found",
        ),
        ("def f(a, a): pass", "1:10 SyntaxError: duplicate argument 'a' in function definition"),
        ("x = (1,\ny = 2\n", "1:5 SyntaxError: '(' was never closed"),
        ("d = {1: 2\nfor x in d:\n    print(x)\n", "1:5 SyntaxError: '{' was never closed"),
        (
            "if True:\nprint(1)",
            "2:1 IndentationError: expected an indented block after 'if' statement on line 1",
        ),
        ("a = 1\nprint(b)", "2:7 NameError: name 'b' is not defined"),
        ("import nothing", "1:8 ModuleNotFoundError: No module named 'nothing'"),
        ("\"a\" + 1", "1:1 TypeError: can only concatenate str (not \"int\") to str"),
        ("[].nope", "1:1 AttributeError: 'list' object has no attribute 'nope'"),
        (
            "def f(a):\n    pass\n\nf(b=1)",
            "4:1 TypeError: f() got an unexpected keyword argument 'b'",
        ),
        ("a, b = 1, 2, 3", "1:1 ValueError: too many values to unpack (expected 2)"),
        ("def f():\n    return [1][5]\nf()", "2:12 IndexError: list index out of range"),
        ("raise KeyError('k')", "1:1 KeyError: 'k'"),
    ];
    for (program, expect) in cases {
        assert_eq!(failure(&mut Vm::default(), program), expect, "{program}");
    }
}

fn limited(limits: Limits) -> Vm {
    let mut vm = Vm::default();
    vm.limits = limits;
    vm
}

#[test]
fn a_run_has_bounds() {
    let limits = Limits { instructions: Some(100_000), memory: 4 << 20, ..Limits::default() };
    let cases = [
        ("def f():\n    return f()\nf()", "2:12 RecursionError: maximum recursion depth exceeded"),
        (
            "l = [0]\nwhile True:\n    l = l + l",
            "3:9 MemoryError: the program needs more than 4 MB",
        ),
        ("s = 'x'\nwhile True:\n    s += s", "3:5 MemoryError: the program needs more than 4 MB"),
    ];
    for (program, expect) in cases {
        assert_eq!(failure(&mut limited(limits), program), expect, "{program}");
    }
    let endless = failure(&mut limited(limits), "while True:\n    pass");
    assert!(endless.ends_with("the program was stopped after 100000 instructions"), "{endless}");
}

#[test]
fn a_run_stops_and_goes_on() {
    let mut vm = Vm::default();
    let program = "total = 0\nfor n in range(3):\n    total += n\n";
    assert!(vm.load("program.py", program, Mode::Module).is_ok());
    let mut lines = Vec::new();
    vm.step_mode = StepMode::Into;
    loop {
        match vm.run(1) {
            Step::Statement(place) => lines.push(place.line()),
            Step::Finished(_) => break,
            other => assert!(matches!(other, Step::Paused), "{other:?}"),
        }
    }
    assert_eq!(lines, [1, 2, 3, 3, 3]);
    assert_eq!(run_to_string(&mut vm, "print(total)"), "3\n");
}
