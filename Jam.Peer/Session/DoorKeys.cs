using System.Security.Cryptography;
using Jam.Peer.Network;

namespace Jam.Peer.Session;

/// <summary>From options to what the network needs of them.</summary>
internal static class DoorKeys
{
    /// <summary>Which servers this peer believes.</summary>
    /// <exception cref="JamException">The authority's file holds no certificate.</exception>
    public static TlsTrust TrustOf(DoorOptions options)
    {
        var trust = new TlsTrust();
        foreach (var fingerprint in options.TlsFingerprints)
            trust.Add(fingerprint);
        if (options.TlsCa is not { } file)
            return trust;
        try
        {
            trust.AddAuthority(File.ReadAllText(file));
            return trust;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new JamException($"--tls-ca {file}: {problem.Message.ReplaceLineEndings(" ")}", problem);
        }
    }
}
