//! Numbers and f-strings.

use ruff_python_ast::{
    ConversionFlag, ExprFString, ExprNumberLiteral, FStringPart, InterpolatedElement,
    InterpolatedStringElement, Number,
};

use super::expression::count;
use super::{Compiler, Op};
use crate::value::{Value, parse_int};

impl<'a> Compiler<'a> {
    pub(super) fn number(&mut self, node: &'a ExprNumberLiteral) {
        let value = match &node.value {
            Number::Float(value) => Value::Float(*value),
            Number::Int(int) => match int.as_i64() {
                Some(small) => Value::Int(small),
                None => match parse_int(&int.to_string(), 0) {
                    Some(value) => Value::int(value),
                    None => {
                        self.error(node.range, "invalid decimal literal", None);
                        return;
                    }
                },
            },
            Number::Complex { .. } => {
                self.error(node.range, "complex numbers are not supported", None);
                return;
            }
        };
        self.constant(value);
    }

    pub(super) fn f_string(&mut self, node: &'a ExprFString) {
        let mut parts = 0;
        for part in &node.value {
            match part {
                FStringPart::Literal(literal) => {
                    self.constant(Value::from(literal.as_str()));
                    parts += 1;
                }
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        parts += self.element(element);
                    }
                }
            }
        }
        self.emit(Op::BuildString(count(parts)));
    }

    /// Pushes the parts of an element; how many.
    fn element(&mut self, element: &'a InterpolatedStringElement) -> usize {
        match element {
            InterpolatedStringElement::Literal(literal) => {
                self.constant(Value::from(&*literal.value));
                1
            }
            InterpolatedStringElement::Interpolation(node) => {
                self.at(node, |compiler| compiler.interpolation(node))
            }
        }
    }

    fn interpolation(&mut self, node: &'a InterpolatedElement) -> usize {
        let mut parts = 1;
        if let Some(debug) = &node.debug_text {
            self.constant(Value::from(debug.as_str()));
            parts += 1;
        }
        self.expression(&node.expression);
        let with_spec = node.format_spec.is_some();
        if let Some(specification) = &node.format_spec {
            let mut inner = 0;
            for element in &specification.elements {
                inner += self.element(element);
            }
            self.emit(Op::BuildString(count(inner)));
        }
        let conversion = match node.conversion {
            ConversionFlag::None if node.debug_text.is_some() && !with_spec => b'r',
            ConversionFlag::None => 0,
            ConversionFlag::Str => b's',
            ConversionFlag::Ascii => b'a',
            ConversionFlag::Repr => b'r',
        };
        self.emit(Op::Format(conversion, with_spec));
        parts
    }
}
