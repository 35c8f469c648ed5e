//! The closed lists of words that facts and rules are made of.
//!
//! They belong to the engine's version, and stand in the schema as the same lists: a rule with a word that is in none of them
//! is refused when it is loaded, and does not wait in vain for a case that never comes.

use std::fmt;
use std::str::FromStr;

/// Why text was not accepted as a word or a code of facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct WordError {
    found: String,
    expected: &'static str,
}

impl WordError {
    /// Says that `found` (shortened) is not what was `expected`.
    pub(crate) fn new(found: &str, expected: &'static str) -> WordError {
        WordError { found: found.chars().take(80).collect(), expected }
    }
}

/// Declares a closed list: its name, the Cedar type of its words, what a word of it is, and the words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $expected:literal, { $($(#[$word_doc:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_doc])* $word),+
        }

        impl $name {
            /// Every word, in the order of its text.
            pub const ALL: &[$name] = &[$($name::$word),+];

            /// Returns the word as it stands in facts and rules.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$word => $text),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<$name, WordError> {
                let found = $name::ALL.iter().find(|word| word.as_str() == text);
                found.copied().ok_or_else(|| WordError::new(text, $expected))
            }
        }
    };
}

words!(
    /// What is about to happen.
    Act, "licence, move, transfer or transmit", {
        /// A licence is granted.
        Licence = "licence",
        /// The holder takes the work to another country.
        Move = "move",
        /// Title moves by both parties' signatures.
        Transfer = "transfer",
        /// Title moves by an authority's word: inheritance, court order, restitution.
        Transmit = "transmit",
    }
);

words!(
    /// On what grounds title moves.
    Basis, "a basis, such as sale or gift", {
        /// To the highest bidder.
        Auction = "auction",
        /// By a court's order.
        CourtOrder = "court_order",
        /// For nothing, to an institution.
        Donation = "donation",
        /// For another thing.
        Exchange = "exchange",
        /// For nothing.
        Gift = "gift",
        /// From the dead.
        Inheritance = "inheritance",
        /// Back to whom it was taken from.
        Restitution = "restitution",
        /// Back to where it came from.
        Return = "return",
        /// For a price agreed between the two.
        Sale = "sale",
    }
);

words!(
    /// What is handed over, and how.
    Delivery, "digital, physical or rights", {
        /// Files over a network.
        Digital = "digital",
        /// A thing.
        Physical = "physical",
        /// Rights alone.
        Rights = "rights",
    }
);

words!(
    /// What kind of good a work is in the sense of heritage law.
    Category, "a category of cultural good, such as painting or none", {
        /// An antique that no other category has.
        Antique = "antique",
        /// The product of an excavation or a find.
        Archaeology = "archaeology",
        /// An archive or an element of one.
        Archive = "archive",
        /// A book.
        Book = "book",
        /// A collection, or a specimen from one.
        Collection = "collection",
        /// A drawing or a mosaic.
        Drawing = "drawing",
        /// A manuscript or an incunable.
        Manuscript = "manuscript",
        /// A printed map.
        Map = "map",
        /// Part of a monument that was taken apart.
        Monument = "monument",
        /// No cultural good in the sense of these laws.
        None = "none",
        /// A painting, but no watercolour, gouache or pastel.
        Painting = "painting",
        /// A photograph, a film, or their negatives.
        Photograph = "photograph",
        /// An original print or poster.
        Print = "print",
        /// A sculpture.
        Sculpture = "sculpture",
        /// A means of transport.
        Vehicle = "vehicle",
        /// A watercolour, gouache or pastel.
        Watercolour = "watercolour",
    }
);

words!(
    /// What the country where a work is says of it.
    Protection, "listed, national_treasure or none", {
        /// It stands on a list of protected works.
        Listed = "listed",
        /// It may not leave.
        NationalTreasure = "national_treasure",
        /// Nothing.
        None = "none",
    }
);

words!(
    /// How a work's bytes came about: IPTC digital source types.
    Source, "an IPTC digital source type, such as digitalCapture", {
        /// Made by an algorithm that was not trained.
        AlgorithmicMedia = "algorithmicMedia",
        /// Enhanced by an algorithm.
        AlgorithmicallyEnhanced = "algorithmicallyEnhanced",
        /// Put together from several elements.
        Composite = "composite",
        /// Put together from captures.
        CompositeCapture = "compositeCapture",
        /// Put together, with synthetic elements.
        CompositeSynthetic = "compositeSynthetic",
        /// Put together, with elements by a trained model.
        CompositeWithTrainedAlgorithmicMedia = "compositeWithTrainedAlgorithmicMedia",
        /// Captured from life and computed.
        ComputationalCapture = "computationalCapture",
        /// Drawn from data.
        DataDrivenMedia = "dataDrivenMedia",
        /// Made by a person with digital tools (an older word).
        DigitalArt = "digitalArt",
        /// Captured from life.
        DigitalCapture = "digitalCapture",
        /// Made by a person with digital tools.
        DigitalCreation = "digitalCreation",
        /// Edited by a person.
        HumanEdits = "humanEdits",
        /// Edited a little (an older word).
        MinorHumanEdits = "minorHumanEdits",
        /// Digitised from a negative.
        NegativeFilm = "negativeFilm",
        /// Digitised from a transparency.
        PositiveFilm = "positiveFilm",
        /// Digitised from a print.
        Print = "print",
        /// Captured from a screen.
        ScreenCapture = "screenCapture",
        /// Made by software (an older word).
        SoftwareImage = "softwareImage",
        /// Made by a trained model.
        TrainedAlgorithmicMedia = "trainedAlgorithmicMedia",
        /// Recorded in a virtual event.
        VirtualRecording = "virtualRecording",
    }
);

words!(
    /// What a document is.
    DocumentType, "a type of document, such as EU_IMPORT_LICENCE", {
        /// A digest of the rendition that carries the label of machine-made content.
        AiLabelAttest = "AI_LABEL_ATTEST",
        /// A search of a database of lost art found nothing.
        AlrCert = "ALR_CERT",
        /// An appraisal.
        Appraisal = "APPRAISAL",
        /// The payee of a resale royalty was paid.
        ArrReceipt = "ARR_RECEIPT",
        /// A permit under the convention on endangered species.
        CitesPermit = "CITES_PERMIT",
        /// A report of condition.
        ConditionReport = "CONDITION_REPORT",
        /// A content authority's approval.
        ContentApproval = "CONTENT_APPROVAL",
        /// An order of a court.
        CourtOrder = "COURT_ORDER",
        /// A customs declaration.
        CustomsDecl = "CUSTOMS_DECL",
        /// A filing of data that leaves the country.
        DataExportFiling = "DATA_EXPORT_FILING",
        /// A standard export licence of the EU.
        EuExportLicenceStd = "EU_EXPORT_LICENCE_STD",
        /// An open export licence of the EU.
        EuExportOpen = "EU_EXPORT_OPEN",
        /// An importer's statement to the EU.
        EuImporterStatement = "EU_IMPORTER_STATEMENT",
        /// An import licence of the EU.
        EuImportLicence = "EU_IMPORT_LICENCE",
        /// An expert's attribution.
        ExpertAttribution = "EXPERT_ATTRIBUTION",
        /// The country of origin let it go.
        ExportCertOrigin = "EXPORT_CERT_ORIGIN",
        /// A customs declaration of an intangible good.
        IntangibleImportDecl = "INTANGIBLE_IMPORT_DECL",
        /// An invoice.
        Invoice = "INVOICE",
        /// A number under which a game may be published.
        IsbnGameApproval = "ISBN_GAME_APPROVAL",
        /// A party's identity was checked.
        KycAttest = "KYC_ATTEST",
        /// A national export licence.
        NatExportLicence = "NAT_EXPORT_LICENCE",
        /// Proof of legal export before or under the convention of 1970.
        ProofLegalExport1970 = "PROOF_LEGAL_EXPORT_1970",
        /// An authority has the party on its list of sanctions.
        SanctionListing = "SANCTION_LISTING",
        /// A party was looked up in lists of sanctions.
        SanctionScreen = "SANCTION_SCREEN",
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SCHEMA_TEXT;

    /// Says the list as the schema should have it.
    fn declared(entity: &str, words: &[&str]) -> String {
        format!("entity {entity} enum [\"{}\"];\n", words.join("\", \""))
    }

    #[test]
    fn the_schema_has_exactly_these_words() {
        macro_rules! declared_as {
            ($($list:ident: $entity:literal),+) => {
                [$(declared($entity, &$list::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>())),+]
            };
        }
        let lists = declared_as!(
            Basis: "Basis", Delivery: "Delivery", Category: "Category", Protection: "Protection", Source: "Source",
            DocumentType: "Document"
        );
        for list in lists {
            assert!(SCHEMA_TEXT.contains(&list), "the schema lacks {list}");
        }
        for act in Act::ALL {
            assert!(SCHEMA_TEXT.contains(&format!("{act}")), "the schema lacks the action {act}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for word in DocumentType::ALL {
            assert_eq!(word.as_str().parse(), Ok(*word));
        }
        assert!("eu_import_licence".parse::<DocumentType>().is_err());
        let long = "X".repeat(1000).parse::<Category>().unwrap_err();
        assert!(long.to_string().len() < 160, "{long}");
    }
}
