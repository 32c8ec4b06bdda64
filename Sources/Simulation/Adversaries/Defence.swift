/// A defence that an attack can be run without, to see that it is what holds.
package enum Defence: String, Sendable, CaseIterable {
    /// Signatures are checked.
    case signatures
    /// Only who has answered becomes a contact.
    case ownAnswers = "own-answers"
    /// Lower versions are not taken.
    case floors
    /// The numbers of pings have 32 bits.
    case wideNumbers = "wide-numbers"
    /// What is for contacts does not wait behind what is for strangers.
    case lanes
    /// No network has more than its share of a table; without it the adversary's networks are of those that are exempt.
    case prefixLimits = "prefix-limits"
}
