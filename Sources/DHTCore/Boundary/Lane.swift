public import DequeModule

/// Whose work something is.
///
/// Whoever does a node's work does what is for strangers only while nothing else waits. So the packets, reads and answers
/// of contacts do not wait behind a flood. Contacts cannot keep strangers waiting for long: each has ten requests in five
/// seconds.
public enum Lane: Hashable, Sendable, CaseIterable {
    /// The node's own work, that of its contacts, and answers that it waits for.
    case known
    /// The work of everybody else.
    case strangers
}

extension Input {
    /// The lane of what follows from the input.
    public var lane: Lane {
        switch self {
        case .signaturesChecked(let id, _), .entriesLoaded(let id, _, _), .loadFailed(let id, _),
            .commitCompleted(let id, _):
            id.lane
        case .datagramReceived, .bansChanged, .dueKeysListed, .republishableLoaded, .tokenSecretDrawn,
            .trackersResolved,
            .commandIssued, .timerFired:
            .known
        }
    }
}

/// Whether a piece of work begins a request or finishes one.
public enum WorkStage: Hashable, Sendable, CaseIterable {
    /// Reading values, or signing and sending a message.
    case finish
    /// Checking the signatures of a packet that has come in.
    case begin
}

/// Work that waits to be done, in two lanes. Within a lane, requests are finished before more are begun; otherwise first come,
/// first served. Without this, an answer would wait behind the checks of all packets that came after its request.
///
/// All of it is public and can be inlined: another module uses it for every packet, and it is to be compiled for that module's
/// elements.
public struct LaneQueue<Element: Sendable>: Sendable {
    @usableFromInline internal var known = Stages()
    @usableFromInline internal var strangers = Stages()

    @usableFromInline
    internal struct Stages: Sendable {
        @usableFromInline internal var finish = Deque<Element>()
        @usableFromInline internal var begin = Deque<Element>()

        @inlinable
        internal init() {}

        @inlinable
        internal mutating func add(_ element: Element, _ stage: WorkStage) {
            switch stage {
            case .finish: finish.append(element)
            case .begin: begin.append(element)
            }
        }

        @inlinable
        internal mutating func takeNext() -> Element? { finish.popFirst() ?? begin.popFirst() }
    }

    /// An empty queue.
    @inlinable
    public init() {}

    /// Adds work behind what waits in the same lane and stage.
    @inlinable
    public mutating func add(_ element: Element, to lane: Lane, _ stage: WorkStage) {
        switch lane {
        case .known: known.add(element, stage)
        case .strangers: strangers.add(element, stage)
        }
    }

    /// Takes the work that is to be done next; `nil` if none waits.
    @inlinable
    public mutating func takeNext() -> Element? { known.takeNext() ?? strangers.takeNext() }
}
