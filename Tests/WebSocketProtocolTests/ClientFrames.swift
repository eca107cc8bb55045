/// A client's side of the wire, as small as it can be: masked frames, right or deliberately wrong.
enum LengthForm {
    case shortest
    case twoBytes
    case eightBytes
}

func frame(
    _ opcode: UInt8, _ payload: [UInt8] = [], final: Bool = true, reserved: UInt8 = 0, masked: Bool = true,
    mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D], form: LengthForm = .shortest
) -> [UInt8] {
    head(
        opcode, announcing: UInt64(payload.count), final: final, reserved: reserved, masked: masked, mask: mask,
        form: form)
        + (masked ? payload.enumerated().map { $1 ^ mask[$0 % 4] } : payload)
}

/// The head alone, which may announce what never comes.
func head(
    _ opcode: UInt8, announcing length: UInt64, final: Bool = true, reserved: UInt8 = 0, masked: Bool = true,
    mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D], form: LengthForm = .shortest
) -> [UInt8] {
    var bytes = [(final ? 0x80 : 0) | reserved << 4 | opcode]
    let maskBit: UInt8 = masked ? 0x80 : 0
    func bigEndian(_ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: length >> (UInt64($0) * 8)) }
    }
    switch form {
    case .shortest where length <= 125: bytes.append(maskBit | UInt8(length))
    case .shortest where length <= 65_535, .twoBytes: bytes += [maskBit | 126] + bigEndian(2)
    case .shortest, .eightBytes: bytes += [maskBit | 127] + bigEndian(8)
    }
    return bytes + (masked ? mask : [])
}

func text(_ string: String, final: Bool = true) -> [UInt8] { frame(1, Array(string.utf8), final: final) }
func text(_ bytes: [UInt8], final: Bool = true) -> [UInt8] { frame(1, bytes, final: final) }
func more(_ string: String, final: Bool = false) -> [UInt8] { frame(0, Array(string.utf8), final: final) }
func more(_ bytes: [UInt8], final: Bool = false) -> [UInt8] { frame(0, bytes, final: final) }
func last(_ string: String) -> [UInt8] { more(string, final: true) }
func last(_ bytes: [UInt8]) -> [UInt8] { more(bytes, final: true) }
func binary(_ bytes: [UInt8], final: Bool = true) -> [UInt8] { frame(2, bytes, final: final) }
func ping(_ string: String = "") -> [UInt8] { frame(9, Array(string.utf8)) }
func pong(_ string: String = "") -> [UInt8] { frame(10, Array(string.utf8)) }

func close(_ code: UInt16? = nil, _ reason: [UInt8] = []) -> [UInt8] {
    frame(8, code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + reason } ?? [])
}
