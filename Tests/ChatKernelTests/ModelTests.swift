import ChatKernel
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "Known moments",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_770_201_000_123_456, "2026-02-04T10:30:00.123456Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (951_868_799_999_999, "2000-02-29T23:59:59.999999Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
            (1_735_689_599_999_999, "2024-12-31T23:59:59.999999Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (-86_400_000_000, "1969-12-31T00:00:00.000000Z"),
            (-11_644_473_600_000_000, "1601-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func known(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test(
        "What cannot be written in four digits is clamped",
        arguments: [
            (Int64.max, "9999-12-31T23:59:59.999999Z"),
            (253_402_300_800_000_000, "9999-12-31T23:59:59.999999Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
            (Int64.min, "0000-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func clamped(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test("Every text has the promised length")
    func length() {
        for microseconds in stride(from: Int64.min / 2, to: Int64.max / 2, by: Int(Int64.max / 97)) {
            #expect(Timestamp(microseconds: microseconds).description.utf8.count == Timestamp.textLength)
        }
    }

    @Test("Days follow one another over four hundred years")
    func days() {
        var last = ""
        for day in Int64(-80_000)..<80_000 {
            let text = Timestamp(microseconds: day * 86_400_000_000).description
            #expect(text > last)
            last = text
        }
    }

    @Test("Advancing past the ends stays at the ends")
    func advanced() {
        let now = Timestamp(microseconds: 5)
        #expect(now.advanced(bySeconds: 2).microseconds == 2_000_005)
        #expect(now.advanced(bySeconds: -1).microseconds == -999_995)
        #expect(now.advanced(bySeconds: .max).microseconds == .max)
        #expect(now.advanced(bySeconds: .min).microseconds == .min)
        #expect(Timestamp(microseconds: .max).advanced(bySeconds: 1).microseconds == .max)
    }
}

@Suite("UUIDv7")
struct UUIDv7Tests {
    @Test("The form of RFC 9562")
    func form() {
        let text = UUIDv7.make(at: Timestamp(microseconds: 1_645_557_742_000_000), random: 0xCC3, 0x18C4_DC0C_0C07_398F)
        #expect(text == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test("Version and variant hold whatever the random bits", arguments: [0, UInt64.max, 0xFFF, 1 << 62])
    func versionAndVariant(bits: UInt64) {
        let digits = Array(UUIDv7.make(at: Timestamp(microseconds: .max), random: bits, bits))
        #expect(digits.count == 36)
        #expect(digits[14] == "7")
        #expect("89ab".contains(digits[19]))
    }

    @Test("A message's identifier gives its position back", arguments: [1, 2, 255, 1 << 22, (1 << 40) - 1] as [Pos])
    func position(pos: Pos) {
        for entropy in [0, UInt64.max, 0x1234_5678_9ABC_DEF0] {
            let id = UUIDv7.message(at: Timestamp(microseconds: 1_770_201_000_000_000), pos: pos, random: entropy)
            #expect(UUIDv7.position(claimedBy: id) == pos)
        }
    }

    @Test("A position past forty bits is folded, not mixed with the rest")
    func folded() {
        let id = UUIDv7.message(at: Timestamp(microseconds: 0), pos: 1 << 40 | 7, random: 0)
        #expect(UUIDv7.position(claimedBy: id) == 7)
    }

    @Test("Later identifiers sort later")
    func sorted() {
        let early = UUIDv7.make(at: Timestamp(microseconds: 1_000_000), random: .max, .max)
        let late = UUIDv7.make(at: Timestamp(microseconds: 2_000_000), random: 0, 0)
        #expect(early < late)
    }

    @Test("A moment before 1970 is taken for 1970")
    func negative() {
        #expect(UUIDv7.make(at: Timestamp(microseconds: -1), random: 0, 0).hasPrefix("00000000-0000-7"))
    }

    @Test(
        "Foreign text claims no position",
        arguments: [
            "", "hello", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
            "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
            "éééééééééééééééééé",
        ])
    func foreign(text: String) {
        #expect(UUIDv7.position(claimedBy: MessageID(text)) == nil)
    }
}

@Suite("Cursor")
struct CursorTests {
    @Test("What it says, it reads", arguments: [(0, 0), (1, 1), (.max, .max), (255, 1_000_000)] as [(UInt64, Pos)])
    func roundTrip(epoch: UInt64, pos: Pos) {
        let cursor = Cursor(epoch: Epoch(epoch), pos: pos)
        #expect(Cursor(cursor.description) == cursor)
    }

    @Test("Its form")
    func form() {
        #expect(Cursor(epoch: Epoch(0xBEEF), pos: 42).description == "1.beef.42")
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", ".", "..", "1", "1.beef", "1.beef.", "1..42", "2.beef.42", "1.beef.-1", "1.beef.+42", "1.beef.042",
            "1.BEEF.42", "1.0beef.42", "1.beef.42.", "1.beef.42 ", " 1.beef.42", "1.g.42", "1.-1.42", "1.+f.42",
            "1.beef.9223372036854775808", "1.10000000000000000.1", "1.beef.٤٢", "01.beef.42", "1.beef.4\u{301}2",
            String(repeating: "1.beef.42", count: 100),
        ])
    func garbage(text: String) {
        #expect(Cursor(text) == nil)
    }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test("Two spellings of one letter are two identifiers")
    func bytes() {
        #expect(UserID("caf\u{E9}") != UserID("cafe\u{301}"))
        #expect(Set([UserID("caf\u{E9}"), UserID("cafe\u{301}")]).count == 2)
        #expect(UserID("0123456789abcdef") == UserID("0123456789" + "abcdef"))
        #expect(UserID("0123456789abcdef") != UserID("0123456789abcdeF"))
    }
}

@Suite("Membership")
struct MembershipTests {
    /// Was in from 2 to 5, and is in since 8.
    private let membership = Membership(
        user: bob, role: .member, spans: [Span(from: 2, through: 5), Span(from: 8)], readSeq: 0)

    @Test("It sees what lies within its stays, from the entry that let it in to the one that ended it")
    func sees() {
        #expect((1...9).filter { membership.sees($0) } == [2, 3, 4, 5, 8, 9])
    }

    @Test("It was a member from its entry to before its removal")
    func isMember() {
        #expect((1...9).filter { membership.isMember(at: $0) } == [2, 3, 4, 8, 9])
        #expect(membership.isActive)
    }

    @Test("Spans as of a number end there")
    func spansThrough() {
        let spans = membership.spans(through: 8)
        #expect((1...20).filter { seq in spans.contains { $0.contains(seq) } } == [2, 3, 4, 5, 8])
        let earlier = membership.spans(through: 3)
        #expect((1...20).filter { seq in earlier.contains { $0.contains(seq) } } == [2, 3])
    }

    @Test("Roles are ordered")
    func roles() {
        #expect(Role.allCases.sorted() == [.reader, .member, .admin, .owner])
    }
}
