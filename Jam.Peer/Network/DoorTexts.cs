using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>What to do about a locked door.</summary>
internal static class DoorTexts
{
    /// <summary>A refusal, and what to try.</summary>
    public static string Refused(Error refusal) => refusal.Code switch
    {
        ErrorCodes.PasswordNeeded => $"{refusal.Message}; come in with --password WORD, or with --invite TOKEN",
        ErrorCodes.WrongPassword => $"{refusal.Message}; ask the host for it, or for an invite",
        _ => $"{refusal.Message}; ask the host for another",
    };
}
