//! A small regular expression matcher for `REGEXP`, in the spelling of Python's `re.search`.
//!
//! Patterns of a script are short, so a tree and backtracking are enough; a limit on steps turns a
//! pattern that explodes into an error.

/// Steps a search may take.
const MOST_STEPS: u32 = 1_000_000;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Regex {
    root: Node,
    ignore_case: bool,
}

/// Why a pattern or a search failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RegexError {
    /// The pattern is not one, or uses what is not known here.
    Pattern,
    /// The search took too long.
    TooLong,
}

#[derive(Debug)]
enum Node {
    /// Alternatives, each a sequence.
    Any(Vec<Vec<Node>>),
    Char(char),
    Dot,
    Class {
        items: Vec<Item>,
        negated: bool,
    },
    Start,
    End,
    Boundary(bool),
    Look {
        ahead: Box<Node>,
        negated: bool,
    },
    Repeat {
        node: Box<Node>,
        least: u32,
        most: u32,
        greedy: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum Item {
    Range(char, char),
    /// `\d`, `\w`, `\s`, and whether negated.
    Kind(char, bool),
}

impl Regex {
    /// Compiles a pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, RegexError> {
        let (ignore_case, pattern) = match pattern.strip_prefix("(?i)") {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let mut parser = Parser { rest: pattern.chars().collect(), at: 0, depth: 0 };
        let root = parser.alternatives()?;
        if parser.at < parser.rest.len() {
            return Err(RegexError::Pattern);
        }
        Ok(Self { root, ignore_case })
    }

    /// Whether the pattern matches anywhere in the text.
    pub(crate) fn search(&self, text: &str) -> Result<bool, RegexError> {
        let text: Vec<char> = text.chars().collect();
        let mut search = Search { text: &text, ignore_case: self.ignore_case, steps: 0 };
        for start in 0..=text.len() {
            if search.node(&self.root, start, &mut |_, _| Ok(true))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct Parser {
    rest: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn takes(&mut self, c: char) -> bool {
        let seen = self.peek() == Some(c);
        self.at += usize::from(seen);
        seen
    }

    fn alternatives(&mut self) -> Result<Node, RegexError> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(RegexError::Pattern);
        }
        let mut all = vec![Vec::new()];
        while let Some(c) = self.peek().filter(|c| *c != ')') {
            if c == '|' {
                self.at += 1;
                all.push(Vec::new());
                continue;
            }
            let node = self.repeated()?;
            if let Some(sequence) = all.last_mut() {
                sequence.push(node);
            }
        }
        self.depth -= 1;
        Ok(Node::Any(all))
    }

    fn repeated(&mut self) -> Result<Node, RegexError> {
        let mut node = self.atom()?;
        loop {
            let (least, most) = match self.peek() {
                Some('*') => (0, u32::MAX),
                Some('+') => (1, u32::MAX),
                Some('?') => (0, 1),
                Some('{') => match self.counts() {
                    Some(counts) => counts,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += 1;
            let greedy = !self.takes('?');
            node = Node::Repeat { node: Box::new(node), least, most, greedy };
        }
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`; the position stays before the closing brace.
    fn counts(&mut self) -> Option<(u32, u32)> {
        let inside = self.rest.get(self.at + 1..)?;
        let length = inside.iter().position(|c| *c == '}')?;
        let text: String = inside.get(..length)?.iter().collect();
        let counts = match text.split_once(',') {
            Some((least, most)) => (
                if least.is_empty() { 0 } else { least.parse().ok()? },
                if most.is_empty() { u32::MAX } else { most.parse().ok()? },
            ),
            None => {
                let exact = text.parse().ok()?;
                (exact, exact)
            }
        };
        self.at += length + 1;
        Some(counts)
    }

    fn atom(&mut self) -> Result<Node, RegexError> {
        match self.take().ok_or(RegexError::Pattern)? {
            '.' => Ok(Node::Dot),
            '^' => Ok(Node::Start),
            '$' => Ok(Node::End),
            '[' => self.class(),
            '(' => self.group(),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(RegexError::Pattern),
            c => Ok(Node::Char(c)),
        }
    }

    fn group(&mut self) -> Result<Node, RegexError> {
        let mut look = None;
        if self.takes('?') {
            match self.take() {
                Some(':') => {}
                Some('=') => look = Some(false),
                Some('!') => look = Some(true),
                Some('P') if self.takes('<') => {
                    while self.take().ok_or(RegexError::Pattern)? != '>' {}
                }
                _ => return Err(RegexError::Pattern),
            }
        }
        let inner = self.alternatives()?;
        if !self.takes(')') {
            return Err(RegexError::Pattern);
        }
        Ok(match look {
            Some(negated) => Node::Look { ahead: Box::new(inner), negated },
            None => inner,
        })
    }

    fn escape(&mut self) -> Result<Node, RegexError> {
        Ok(match self.take().ok_or(RegexError::Pattern)? {
            'b' => Node::Boundary(true),
            'B' => Node::Boundary(false),
            'A' => Node::Start,
            'Z' => Node::End,
            c => match escaped(c)? {
                Item::Range(c, _) => Node::Char(c),
                item @ Item::Kind(..) => Node::Class { items: vec![item], negated: false },
            },
        })
    }

    fn class(&mut self) -> Result<Node, RegexError> {
        let negated = self.takes('^');
        let mut items = Vec::new();
        loop {
            let c = self.take().ok_or(RegexError::Pattern)?;
            let first = match c {
                ']' if !items.is_empty() => return Ok(Node::Class { items, negated }),
                '\\' => escaped(self.take().ok_or(RegexError::Pattern)?)?,
                c => Item::Range(c, c),
            };
            let range = self.peek() == Some('-') && self.rest.get(self.at + 1) != Some(&']');
            items.push(match first {
                Item::Range(low, _) if range => {
                    self.at += 1;
                    let high = match self.take().ok_or(RegexError::Pattern)? {
                        '\\' => self.take().ok_or(RegexError::Pattern)?,
                        high => high,
                    };
                    Item::Range(low, high)
                }
                other => other,
            });
        }
    }
}

fn escaped(c: char) -> Result<Item, RegexError> {
    let plain = |c| Ok(Item::Range(c, c));
    match c {
        'd' | 'w' | 's' => Ok(Item::Kind(c, false)),
        'D' | 'W' | 'S' => Ok(Item::Kind(c.to_ascii_lowercase(), true)),
        'n' => plain('\n'),
        't' => plain('\t'),
        'r' => plain('\r'),
        c if c.is_ascii_alphanumeric() => Err(RegexError::Pattern),
        c => plain(c),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows a node that matched up to a position.
type Next<'a, 't> = &'a mut dyn FnMut(&mut Search<'t>, usize) -> Result<bool, RegexError>;

struct Search<'t> {
    text: &'t [char],
    ignore_case: bool,
    steps: u32,
}

impl<'t> Search<'t> {
    fn node(&mut self, node: &Node, at: usize, next: Next<'_, 't>) -> Result<bool, RegexError> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(RegexError::TooLong);
        }
        let here = self.text.get(at).copied();
        let matched = match node {
            Node::Any(all) => {
                for sequence in all {
                    if self.sequence(sequence, at, next)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            Node::Repeat { node, least, most, greedy } => {
                return self.repeat(node, (*least, *most), *greedy, at, next);
            }
            Node::Look { ahead, negated } => {
                let found = self.node(ahead, at, &mut |_, _| Ok(true))?;
                return if found == *negated { Ok(false) } else { next(self, at) };
            }
            Node::Start => return if at == 0 { next(self, at) } else { Ok(false) },
            Node::End => {
                let last = here == Some('\n') && at + 1 == self.text.len();
                return if here.is_none() || last { next(self, at) } else { Ok(false) };
            }
            Node::Boundary(wanted) => {
                let before = at.checked_sub(1).and_then(|at| self.text.get(at));
                let edge = before.is_some_and(|c| is_word(*c)) != here.is_some_and(is_word);
                return if edge == *wanted { next(self, at) } else { Ok(false) };
            }
            Node::Char(c) => here.is_some_and(|here| self.same(*c, here)),
            Node::Dot => here.is_some_and(|here| here != '\n'),
            Node::Class { items, negated } => here
                .is_some_and(|here| items.iter().any(|item| self.is_in(*item, here)) != *negated),
        };
        if matched { next(self, at + 1) } else { Ok(false) }
    }

    fn sequence(
        &mut self,
        nodes: &[Node],
        at: usize,
        next: Next<'_, 't>,
    ) -> Result<bool, RegexError> {
        match nodes.split_first() {
            None => next(self, at),
            Some((first, rest)) => {
                self.node(first, at, &mut |search, at| search.sequence(rest, at, next))
            }
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        (least, most): (u32, u32),
        greedy: bool,
        at: usize,
        next: Next<'_, 't>,
    ) -> Result<bool, RegexError> {
        if least == 0 && !greedy && next(self, at)? {
            return Ok(true);
        }
        if most > 0 {
            let fewer = (least.saturating_sub(1), if most == u32::MAX { most } else { most - 1 });
            let again = self.node(node, at, &mut |search, after| {
                // A round that took nothing would go on for ever.
                if after == at && least == 0 {
                    return Ok(false);
                }
                search.repeat(node, fewer, greedy, after, next)
            })?;
            if again {
                return Ok(true);
            }
        }
        if least == 0 && greedy { next(self, at) } else { Ok(false) }
    }

    fn same(&self, a: char, b: char) -> bool {
        a == b || (self.ignore_case && a.to_lowercase().eq(b.to_lowercase()))
    }

    fn is_in(&self, item: Item, c: char) -> bool {
        match item {
            Item::Range(low, high) => {
                let inside = |c: char| low <= c && c <= high;
                inside(c)
                    || (self.ignore_case
                        && (c.to_lowercase().any(inside) || c.to_uppercase().any(inside)))
            }
            Item::Kind(kind, negated) => {
                let is = match kind {
                    'd' => c.is_numeric(),
                    'w' => is_word(c),
                    _ => c.is_whitespace(),
                };
                is != negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn patterns_match_as_in_python() {
        for (pattern, text, expect) in [
            ("b", "abc", true),
            ("^b", "abc", false),
            ("^a.c$", "abc", true),
            ("^(ab|cd)+$", "abcdab", true),
            ("a{2,3}b", "aab", true),
            ("^a{2}$", "aaa", false),
            ("^[a-c0-9_]+@x\\.com", "me_3@x.com", false),
            ("[a-z0-9_]+@x\\.com", "me_3@x.com", true),
            ("[^a-z]", "abc", false),
            ("\\d{4}-\\d\\d", "on 2024-01", true),
            ("\\bcat\\b", "concat", false),
            ("(?i)HELLO", "say hello", true),
            ("a.*?b.*c", "a1b2c", true),
            ("^(?!x)a", "a", true),
            ("(a*)*b", "aaa", false),
            ("x{,2}y", "y", true),
            ("", "", true),
        ] {
            let found = Regex::new(pattern).and_then(|regex| regex.search(text));
            assert_eq!(found, Ok(expect), "{pattern} in {text}");
        }
        assert_eq!(Regex::new("(").map(drop).err(), Some(RegexError::Pattern));
        assert_eq!(Regex::new("*a").map(drop).err(), Some(RegexError::Pattern));
    }
}
