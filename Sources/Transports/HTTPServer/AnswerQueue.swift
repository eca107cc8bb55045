/// Answers not handed to the stream yet: those to pipelined requests go out together.
struct AnswerQueue {
    private var answers: [[UInt8]] = []
    private var bytes = 0

    var isEmpty: Bool { answers.isEmpty }

    /// Enough has gathered to be sent before there is more: 256 KiB.
    var isFull: Bool { bytes > 256 << 10 }

    mutating func append(_ answer: [UInt8]) {
        answers.append(answer)
        bytes += answer.count
    }

    /// What waits, which then does so no more.
    mutating func take() -> [[UInt8]]? {
        guard !answers.isEmpty else { return nil }
        defer { (answers, bytes) = ([], 0) }
        return answers
    }
}
