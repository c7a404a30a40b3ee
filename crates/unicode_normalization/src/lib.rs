//! Puts Python identifiers into NFKC for Latin, Greek and Cyrillic letters, in place of the full Unicode tables.
//!
//! Ruff's parser normalises identifiers with the crate of the same name, whose tables cost 60 KB of the
//! page. People type accented letters either composed or decomposed, so composition is kept for the
//! scripts with letters that compose; so are the compatibility forms that keyboards produce. Any other character stays
//! as it was typed, which is right unless a script spells one name in two ways.

use std::vec::IntoIter;

/// For each combining mark, pairs of a letter and that letter with the mark.
#[rustfmt::skip]
const COMPOSED: &[(char, &str)] = &[
    ('\u{300}', "AÀEÈIÌOÒUÙaàeèiìoòuùÜǛüǜЕЀИЍеѐиѝĒḔēḕŌṐōṑWẀwẁÂẦâầĂẰăằÊỀêềÔỒôồƠỜơờƯỪưừYỲyỳ"),
    ('\u{301}', "AÁEÉIÍOÓUÚYÝaáeéiíoóuúyýCĆcćLĹlĺNŃnńRŔrŕSŚsśZŹzźÜǗüǘΑΆΕΈΗΉΙΊΟΌΥΎΩΏϊΐαάεέηήιίϋΰοόυύωώГЃКЌгѓкќÇḈçḉĒḖēḗÏḮïḯKḰkḱMḾmḿÕṌõṍŌṒōṓPṔpṕŨṸũṹWẂwẃÂẤâấĂẮăắÊẾêếÔỐôốƠỚơớƯỨưứ"),
    ('\u{302}', "AÂEÊIÎOÔUÛaâeêiîoôuûCĈcĉGĜgĝHĤhĥJĴjĵSŜsŝWŴwŵYŶyŷZẐzẑẠẬạậẸỆẹệỌỘọộ"),
    ('\u{303}', "AÃNÑOÕaãnñoõIĨiĩUŨuũVṼvṽÂẪâẫĂẴăẵEẼeẽÊỄêễÔỖôỗƠỠơỡƯỮưữYỸyỹ"),
    ('\u{304}', "AĀaāEĒeēIĪiīOŌoōUŪuūÜǕüǖИӢиӣУӮуӯGḠgḡḶḸḷḹṚṜṛṝ"),
    ('\u{306}', "AĂaăEĔeĕGĞgğIĬiĭOŎoŏUŬuŭУЎИЙийуўЖӁжӂАӐаӑЕӖеӗȨḜȩḝẠẶạặ"),
    ('\u{307}', "CĊcċEĖeėGĠgġIİZŻzżBḂbḃDḊdḋFḞfḟHḢhḣMṀmṁNṄnṅPṖpṗRṘrṙSṠsṡŚṤśṥŠṦšṧṢṨṣṩTṪtṫWẆwẇXẊxẋYẎyẏſẛ"),
    ('\u{308}', "AÄEËIÏOÖUÜaäeëiïoöuüyÿYŸΙΪΥΫιϊυϋЕЁІЇеёіїАӒаӓӘӚәӛЖӜжӝЗӞзӟИӤиӥОӦоӧӨӪөӫЭӬэӭУӰуӱЧӴчӵЫӸыӹHḦhḧÕṎõṏŪṺūṻWẄwẅXẌxẍtẗ"),
    ('\u{309}', "AẢaảÂẨâẩĂẲăẳEẺeẻÊỂêểIỈiỉOỎoỏÔỔôổƠỞơởUỦuủƯỬưửYỶyỷ"),
    ('\u{30a}', "AÅaåUŮuůwẘyẙ"),
    ('\u{30b}', "OŐoőUŰuűУӲуӳ"),
    ('\u{30c}', "CČcčDĎdďEĚeěLĽlľNŇnňRŘrřSŠsšTŤtťZŽzžAǍaǎIǏiǐOǑoǒUǓuǔÜǙüǚ"),
    ('\u{30f}', "ѴѶѵѷ"),
    ('\u{323}', "BḄbḅDḌdḍHḤhḥKḲkḳLḶlḷMṂmṃNṆnṇRṚrṛSṢsṣTṬtṭVṾvṿWẈwẉZẒzẓAẠaạEẸeẹIỊiịOỌoọƠỢơợUỤuụƯỰưựYỴyỵ"),
    ('\u{324}', "UṲuṳ"),
    ('\u{325}', "AḀaḁ"),
    ('\u{327}', "CÇcçGĢgģKĶkķLĻlļNŅnņRŖrŗSŞsşTŢtţDḐdḑHḨhḩ"),
    ('\u{328}', "AĄaąEĘeęIĮiįUŲuų"),
    ('\u{32d}', "DḒdḓEḘeḙLḼlḽNṊnṋTṰtṱUṶuṷ"),
    ('\u{32e}', "HḪhḫ"),
    ('\u{330}', "EḚeḛIḬiḭUṴuṵ"),
    ('\u{331}', "BḆbḇDḎdḏKḴkḵLḺlḻNṈnṉRṞrṟTṮtṯZẔzẕhẖ"),
];

/// The part of the replaced crate's trait that the parser calls.
pub trait UnicodeNormalization {
    /// The characters in normalisation form KC.
    fn nfkc(self) -> IntoIter<char>;
}

impl UnicodeNormalization for &str {
    fn nfkc(self) -> IntoIter<char> {
        let mut out: Vec<char> = Vec::with_capacity(self.len());
        for typed in self.chars() {
            let (first, second) = compatible(typed);
            push(&mut out, first);
            if let Some(second) = second {
                push(&mut out, second);
            }
        }
        out.into_iter()
    }
}

/// Appends a character, or merges it with the letter before when the two compose.
fn push(out: &mut Vec<char>, next: char) {
    match out.last_mut() {
        Some(last) => match compose(*last, next) {
            Some(composed) => *last = composed,
            None => out.push(next),
        },
        None => out.push(next),
    }
}

fn compose(letter: char, mark: char) -> Option<char> {
    let (_, pairs) = COMPOSED.iter().find(|(known, _)| *known == mark)?;
    let mut rest = pairs.chars();
    while let (Some(base), Some(composed)) = (rest.next(), rest.next()) {
        if base == letter {
            return Some(composed);
        }
    }
    None
}

/// The compatibility form of a character: one or two characters.
fn compatible(typed: char) -> (char, Option<char>) {
    match typed {
        '\u{aa}' => ('a', None),
        '\u{ba}' => ('o', None),
        '\u{b5}' => ('\u{3bc}', None),
        '\u{17f}' => ('s', None),
        '\u{fb00}' => ('f', Some('f')),
        '\u{fb01}' => ('f', Some('i')),
        '\u{fb02}' => ('f', Some('l')),
        '\u{ff10}'..='\u{ff19}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff3f}'
        | '\u{ff41}'..='\u{ff5a}' => {
            (char::from_u32(u32::from(typed) - 0xfee0).unwrap_or(typed), None)
        }
        other => (other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::UnicodeNormalization;

    #[test]
    fn names_are_normalised() {
        let check = |typed: &str, expect: &str| {
            assert_eq!(typed.nfkc().collect::<String>(), expect, "{typed}");
        };
        check("avaliac\u{327}a\u{303}o", "avaliação");
        check("avaliação", "avaliação");
        check("n\u{ba}", "no");
        check("\u{fb01}m", "fim");
        check("\u{ff36}idro", "Vidro");
        check("u\u{308}\u{304}", "ǖ");
        check("\u{301}", "\u{301}");
        check("名前", "名前");
    }
}
