import ChatNet

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

    mutating func send(on stream: ByteStream) {
        guard let only = answers.first else { return }
        if answers.count == 1 { stream.send(only) } else { stream.sendGather(answers) }
        // Room for one is kept: mostly there is one.
        answers.removeAll(keepingCapacity: answers.count == 1)
        bytes = 0
    }
}
