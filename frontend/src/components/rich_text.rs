//! What people write, with links that can be followed. Nothing of it is ever markup.

use leptos::prelude::*;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Plain(&'a str),
    /// An address that begins with `http://` or `https://`.
    Link(&'a str),
}

/// What no address has in a text: spaces, what quotes it, and what turns the direction of text.
const ENDS: [char; 14] = [
    '<', '>', '"', '`', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
    '\u{202e}', '\u{2066}', '\u{2067}', '\u{2069}',
];

/// A text whose addresses are links; they open a tab of their own, which learns nothing of this
/// page.
#[component]
pub fn RichText(
    /// The text.
    text: String,
) -> impl IntoView {
    pieces(&text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(text) => text.to_owned().into_any(),
            Piece::Link(address) => {
                let (address, href) = (address.to_owned(), address.to_owned());
                view! {
                    <a href=href target="_blank" rel="noopener noreferrer">
                        {address}
                    </a>
                }
                .into_any()
            }
        })
        .collect_view()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some((start, end)) = next_link(rest, from) {
        if end == start {
            from = start + 1;
            continue;
        }
        let (before, link) = (rest.get(..start), rest.get(start..end));
        pieces.extend(before.filter(|before| !before.is_empty()).map(Piece::Plain));
        pieces.extend(link.map(Piece::Link));
        (rest, from) = (rest.get(end..).unwrap_or_default(), 0);
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// Where the next address starts and ends, from the byte `from` on; empty where a scheme is
/// followed by none.
fn next_link(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = (from..text.len()).find(|at| scheme(text, *at).is_some())?;
    let rest = text.get(start..)?;
    let is_end =
        |letter: char| letter.is_whitespace() || letter.is_control() || ENDS.contains(&letter);
    let address = trimmed(rest.split(is_end).next().unwrap_or_default());
    let host = address.get(scheme(text, start)?..).and_then(|host| host.chars().next());
    let has_host = host.is_some_and(|first| first.is_alphanumeric() || first == '[');
    Some((start, if has_host { start + address.len() } else { start }))
}

/// How long the scheme is that starts at a byte where a word starts.
fn scheme(text: &str, at: usize) -> Option<usize> {
    let starts = |scheme: &&str| {
        let found = text.get(at..at + scheme.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(scheme))
    };
    let scheme = ["https://", "http://"].into_iter().find(starts)?;
    let before = text.get(..at)?.chars().next_back();
    (!before.is_some_and(char::is_alphanumeric)).then_some(scheme.len())
}

/// Without what ends the sentence the address stands in, and a bracket that was opened before it.
fn trimmed(mut address: &str) -> &str {
    const SENTENCE: [char; 10] = ['.', ',', ';', ':', '!', '?', '\'', '*', '…', '’'];
    loop {
        let before = address.len();
        address = address.trim_end_matches(SENTENCE);
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            if address.ends_with(close)
                && address.matches(open).count() < address.matches(close).count()
            {
                address = address.strip_suffix(close).unwrap_or(address);
            }
        }
        if address.len() == before {
            return address;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        let pieces = pieces(text);
        let whole: String = pieces.iter().map(|(Piece::Plain(it) | Piece::Link(it))| *it).collect();
        assert_eq!(whole, text, "nothing is lost");
        let link = |piece| match piece {
            Piece::Link(link) => Some(link),
            Piece::Plain(_) => None,
        };
        pieces.into_iter().filter_map(link).collect()
    }

    #[test]
    fn addresses_are_links_without_the_sentence_around_them() {
        for (text, found) in [
            ("see https://a.example/x?y=1#z.", vec!["https://a.example/x?y=1#z"]),
            (
                "(http://a.example/b_(c)), HTTPS://B.example!",
                vec!["http://a.example/b_(c)", "HTTPS://B.example"],
            ),
            (
                "<https://a.example> \"http://b.example\"",
                vec!["https://a.example", "http://b.example"],
            ),
            (
                "http://[::1]:3000/ http://ä.example/ü",
                vec!["http://[::1]:3000/", "http://ä.example/ü"],
            ),
            (
                "https://a.example\nhttps://b.example",
                vec!["https://a.example", "https://b.example"],
            ),
        ] {
            assert_eq!(links(text), found, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_link() {
        for text in [
            "",
            "plain",
            "javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "ftp://a.example",
            "http:// https://",
            "https://\"onclick=alert(1)",
            "xhttp://a.example",
            "jav\u{202e}ascript:http",
            "//a.example",
        ] {
            assert_eq!(links(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn an_address_ends_where_the_direction_of_text_turns() {
        assert_eq!(links("https://a.example/\u{202e}gpj.exe"), ["https://a.example/"]);
        assert_eq!(links("https://a.example/'onx"), ["https://a.example/'onx"]);
    }
}
