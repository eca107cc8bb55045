import Glibc

/// Hands one input of libFuzzer to a target and holds it to its time.
///
/// 100 ms is what an input may take: who can make it more keeps a loop from all its other clients. None of these is longer
/// than 4 KB. It is the processor's time that is counted, and the least of three runs, so that a busy machine is not
/// mistaken for a hang; what waits instead of working meets libFuzzer's own limit (`run`).
public func feed(_ data: UnsafePointer<UInt8>, _ size: Int, to target: ([UInt8]) -> Void) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    var least = time(target, input)
    for _ in 0..<2 where least > inputLimit { least = min(least, time(target, input)) }
    precondition(least <= inputLimit, "an input of \(size) bytes took \(least / 1_000_000) ms")
    return 0
}

private let inputLimit: Int64 = 100_000_000

private func time(_ target: ([UInt8]) -> Void, _ input: [UInt8]) -> Int64 {
    let start = processorTime()
    target(input)
    return processorTime() - start
}

private func processorTime() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Two ways to cut an input besides whole: byte by byte, and in pieces of a size that depends on the input alone, so that
/// a failure can be seen again.
public func pieceSizes(for input: [UInt8]) -> [Int] {
    var hash: UInt32 = 2_166_136_261
    for byte in input { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return [1, 2 + Int(hash % 61)]
}
