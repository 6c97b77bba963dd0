using Jam.Server.Contracts;

namespace Jam.Peer.Takeover;

/// <summary>Addresses of one authority, the best first, no more than a few.</summary>
internal sealed class UrlBook
{
    private readonly List<string> _urls = [];

    public IReadOnlyList<string> All => [.. _urls];

    /// <summary>Adds what is new at one end; what falls out is the last.</summary>
    /// <returns>Whether anything was new.</returns>
    public bool Add(IEnumerable<string> urls, bool first)
    {
        var fresh = urls.Where(u => !_urls.Contains(u)).Distinct().Take(Limits.MaxUrls).ToArray();
        _urls.InsertRange(first ? 0 : _urls.Count, fresh);
        if (_urls.Count > Limits.MaxUrls)
            _urls.RemoveRange(Limits.MaxUrls, _urls.Count - Limits.MaxUrls);
        return fresh.Length > 0;
    }

    /// <summary>The authority names its addresses itself: they stand right behind the one that is in use.</summary>
    public void Renew(IEnumerable<string> urls)
    {
        string[] all = [.. _urls.Take(1).Concat(urls).Concat(_urls).Distinct().Take(Limits.MaxUrls)];
        _urls.Clear();
        _urls.AddRange(all);
    }

    /// <summary>This one has just answered.</summary>
    public void Prefer(string url)
    {
        _urls.Remove(url);
        _urls.Insert(0, url);
        if (_urls.Count > Limits.MaxUrls)
            _urls.RemoveAt(Limits.MaxUrls);
    }

    public void Clear() => _urls.Clear();

    public void Remove(IEnumerable<string> urls) => _urls.RemoveAll(urls.Contains);
}
