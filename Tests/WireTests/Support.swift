import ChatKernel
import ChatSimulation
import ChatWire

/// What a piece of code writes, as text.
func written(_ write: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = []
    write(&bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// Why a document is refused; nil when it is not.
func refusal(_ bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONValue(parsing: bytes)
        return nil
    } catch {
        return error
    }
}

func refusal(_ text: String) -> JSONError? { refusal(Array(text.utf8)) }

func value(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

func decode(_ text: String) -> Result<ClientFrame, FrameError> { ClientFrame.decode(Array(text.utf8)) }

func body(_ text: String) throws(FrameError) -> ClientFrame.Body { try decode(text).get().body }

func frameError(_ text: String) -> FrameError? {
    if case .failure(let error) = decode(text) { error } else { nil }
}

/// Texts of every length and plane, with what must be escaped, surrogate neighbours and combining marks.
func randomText(upTo length: Int, using random: inout SplitMix64) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...length, using: &random) {
        let range: ClosedRange<UInt32> =
            switch UInt32.random(in: 0..<9, using: &random) {
            case 0: 0...0x1F
            case 1: 0x22...0x22
            case 2: 0x5C...0x5C
            case 3: 0x7F...0x7FF
            case 4: 0x800...0xD7FF
            case 5: 0xE000...0xFFFF
            case 6: 0x10000...0x10FFFF
            default: 0x20...0x7E
            }
        guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) else { continue }
        text.unicodeScalars.append(scalar)
    }
    return text
}

extension String {
    /// Equal as JSON has it: by code points, not by what looks the same.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

// MARK: People and things of the golden frames

let john = UserReference(id: UserID("user-123"), username: "john")
let mary = UserReference(id: UserID("user-456"), username: "mary")
let room = ConversationID("conv-789")
/// 2026-02-04T10:30:00.123456Z, the moment of the seed's example.
let moment = Timestamp(microseconds: 1_770_201_000_123_456)

func entry(_ change: Change, seq: Seq = 7, pos: Pos = 42, author: UserReference = john) -> Entry {
    Entry(conversation: room, seq: seq, pos: pos, at: moment, author: author, change: change)
}
