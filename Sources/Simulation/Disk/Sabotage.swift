/// Something that a machine does wrong on purpose, so that whoever is to notice it can be put to the test.
package enum Sabotage: String, Hashable, Sendable, CaseIterable {
    /// Acknowledges before the disk has synced.
    case acknowledgesEarly
    /// Forgets at a crash what it had synced last.
    case forgetsSyncs
    case servesExpired
    /// Takes lower versions.
    case forgetsVersions
    /// Changes a byte of what it serves.
    case altersValues
    /// Stores the values of others again for as long as they come back.
    case keepsAliveForEver
    /// Stores again what was published here and withdrawn.
    case forgetsWithdrawals
    /// Lets go of what has expired without keeping it for as long as it is to be.
    case sweepsEarly
    /// Sends every request four times, whatever its peers accept.
    case ignoresLimits
    /// Takes whoever is named in an answer for a contact. Works where signatures are modelled.
    case trustsHearsay
    /// Gives its pings numbers of 16 bits. Works where signatures are modelled.
    case narrowNumbers
    /// Does everything in the order in which it came.
    case oneLane
    /// Takes every signature for good.
    case trustsSignatures
}
