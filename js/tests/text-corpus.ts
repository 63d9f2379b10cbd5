import fc from "fast-check";

/** What people paste: emoji with joiners, combining marks, RTL, CJK, all line breaks, lone surrogates. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "a", "Zoë", "naïve", " ", "  ", "\t", "\n", "\r\n", "\r", "\u2028", "\u2029", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "e\u0301\u0323",
        "שלום", "مرحبا", "中文字符", "日本語", "ไทย", "\ud83d", "\udc00", "\u200b", "\ufeff", ".", ",", "don't", "<img onerror>", "\0",
      ),
      fc.string({ unit: "grapheme", maxLength: 6 }),
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));
