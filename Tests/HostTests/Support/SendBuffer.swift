import FoundationEssentials

/// The most bytes that a socket of this machine takes whose peer does not read them: the last number of `tcp_wmem` (tcp(7)), 4 MiB
/// where nobody has set it.
let largestSendBuffer: Int = {
    let text = (try? Data(contentsOf: URL(filePath: "/proc/sys/net/ipv4/tcp_wmem"))).map {
        String(decoding: $0, as: UTF8.self)
    }
    let last = text?.split(whereSeparator: \.isWhitespace).last
    return max(4 << 20, last.flatMap { Int($0) } ?? 0)
}()
