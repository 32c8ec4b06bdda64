public import IPv8

/// Something that the node's user wants.
public enum Command: Hashable, Sendable {
    /// Ask whoever is at an address for a sign of life.
    case ping(Address)
    /// Find the values under a target, in the overlay and in the archive.
    case find(Target)
    /// Find the peer with a mid and see that it answers, at the known address first if there is one.
    case connect(Mid, knownAddress: Address?)
    /// Keep an entry here, and store it on the closest nodes.
    case publish(Target, Entry)
    /// Store an entry that is kept here already on the closest nodes.
    case spread(Target, Entry)
    /// Look up a random place in a bucket of a routing table, to get to know the nodes there.
    case refreshBucket(AddressFamily, prefix: String)
    /// Ask whoever is at an address for an introduction, and wait for nothing.
    case walk(Address)
    /// Run a recurring task now, by its name.
    case runTask(String)
}

/// What became of a command.
public enum CommandOutcome: Hashable, Sendable {
    /// Somebody answered a ping.
    case pinged(PublicKey, roundTrip: Duration)
    /// The node has no socket that reaches the address.
    case unreachable
    /// Nobody answered a ping in time.
    case pingTimedOut
    /// A search is over, whatever it found.
    case found(FindOutcome)
    /// A value is durable here, and stored elsewhere as far as that went.
    case published(PublishOutcome)
    /// A peer was looked for by its key; where it answered, which may be nowhere.
    case connected([NodeInfo])
    /// A value could not be kept here, so it was not sent to others either.
    case publishRefused(CommitOutcome)
    /// The lookup in a bucket is over, whoever answered.
    case refreshed
    /// No table of that family has a bucket with that prefix.
    case noSuchBucket
    /// There is no contact that a lookup could begin with.
    case noContacts
    /// The request for an introduction is sent.
    case walked
    /// The task runs with the next timer.
    case taskPlanned
    /// No task has that name.
    case noSuchTask
    /// The node has as many commands under way as it takes.
    case refusedAsBusy
}

/// What a search found.
public struct FindOutcome: Hashable, Sendable {
    /// The highest version of each signer, then the unsigned values, each once.
    public var entries: [Entry]
    /// How many nodes were asked.
    public var askedCount: Int
    /// How many of them answered.
    public var answeredCount: Int
    /// How many of them had values.
    public var holderCount: Int

    /// Puts together what a search found.
    package init(entries: [Entry], askedCount: Int, answeredCount: Int, holderCount: Int) {
        self.entries = entries
        self.askedCount = askedCount
        self.answeredCount = answeredCount
        self.holderCount = holderCount
    }
}

/// How far a value got.
public struct PublishOutcome: Hashable, Sendable {
    /// How many nodes were asked to store it.
    public var askedCount: Int
    /// How many of them hold it.
    public var acknowledgedCount: Int

    /// Puts together how far a value got.
    package init(askedCount: Int, acknowledgedCount: Int) {
        self.askedCount = askedCount
        self.acknowledgedCount = acknowledgedCount
    }
}
