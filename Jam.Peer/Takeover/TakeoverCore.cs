using Jam.Server.Contracts;
using static Jam.Peer.Takeover.TakeoverSettings;

namespace Jam.Peer.Takeover;

/// <summary>
/// Where the room's authority is, and what this peer does when it is gone. Pure: events and the time come in, effects go out.
/// </summary>
/// <remarks>
/// What others say is hearsay: it makes this peer look, and only the STATE that it finds moves it. Of two authorities the higher epoch is
/// followed, among equal ones the lower id. An authority that nobody but its own peer has ever followed gives way to any other: who
/// merely lost its network for a while must not pull the room to where it stood.
/// </remarks>
internal sealed class TakeoverCore
{
    private readonly Dictionary<string, HeardLink> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, (long NextUs, long WaitUs)> _attempts = [];
    private readonly Dictionary<Guid, string> _takers = [];
    private readonly List<TakeoverEffect> _effects = [];
    private readonly UrlBook _urls = new();
    private readonly UrlBook _elsewhere = new();
    private IReadOnlyList<string> _tried = [];
    private AuthorityRank _best;
    private bool _isConnected;
    private long? _lostUs;
    private Guid? _own;
    private string? _ownUrl;
    private bool _isAlone;
    private bool _isStarting;
    private long _startAgainUs = long.MinValue;
    private long _saidUs = long.MinValue / 2;
    private long _askedUs = long.MinValue / 2;

    /// <summary>This peer's id; empty before the room has given one.</summary>
    public string Self { get; set; } = "";

    /// <summary>What this peer says of the authority.</summary>
    public Word Word => new(_best, _urls.All, _isConnected, _own == _best.Id, _isAlone && _own == _best.Id);

    /// <summary>Which authority is followed.</summary>
    public AuthorityRank Best => _best;

    /// <summary>Whether it answers.</summary>
    public bool IsConnected => _isConnected;

    /// <summary>In whose process an authority runs; null where nobody said.</summary>
    public string? TakerOf(Guid authority) => authority == _own ? Self : _takers.GetValueOrDefault(authority);

    /// <summary>What was wanted since the last call, in order.</summary>
    public IReadOnlyList<TakeoverEffect> TakeEffects()
    {
        TakeoverEffect[] all = [.. _effects];
        _effects.Clear();
        return all;
    }

    /// <summary>Addresses that were typed, or found by asking a peer.</summary>
    public void Advertise(IEnumerable<string> urls) => _urls.Add(urls, first: false);

    /// <summary>A server runs in this process from the start, or does now.</summary>
    /// <param name="id">Its clock.</param>
    /// <param name="epoch">The room's epoch there; null: the room has yet to be opened by this peer's own HELLO.</param>
    /// <param name="url">Where this process reaches it.</param>
    /// <param name="nowUs">When.</param>
    public void ServerRuns(Guid id, long? epoch, string url, long nowUs)
    {
        // This peer's own way there takes a moment, too.
        (_own, _ownUrl, _isStarting, _startAgainUs) = (id, url, false, nowUs + StartAgainUs);
        _isAlone = epoch is not null;
        if (epoch is { } mine && new AuthorityRank(mine, id).Outranks(_best))
            _effects.Add(new MoveTo(new AuthorityRank(mine, id), [url], ComesHome: false));
    }

    /// <summary>No server could be started here; another may do better meanwhile.</summary>
    public void ServerFailed(long nowUs) => (_isStarting, _startAgainUs) = (false, nowUs + StartAgainUs);

    /// <summary>An authority has answered HELLO with its STATE, and is followed from now on.</summary>
    public void Connected(AuthorityRank rank, string url)
    {
        if (_best.Epoch > 0 && rank.Id != _best.Id)
        {
            _elsewhere.Add(_urls.All, first: true);
            _urls.Clear();
            foreach (var link in _links.Values.Where(l => l.Word?.Rank.Id == rank.Id))
                _urls.Add(link.Word!.Urls, link.Word.IsOwn);
        }

        _urls.Prefer(url);
        _elsewhere.Remove(_urls.All);
        (_best, _isConnected, _lostUs) = (rank, true, null);
        _attempts.Remove(rank.Id);
        foreach (var link in _links.Values)
            link.Vain.Clear();
        SayAll();
        Offer();
    }

    /// <summary>The authority that is followed has raised its epoch.</summary>
    public void Raised(AuthorityRank rank)
    {
        if (rank.Id != _best.Id || !rank.Outranks(_best))
            return;
        _best = rank;
        SayAll();
    }

    /// <summary>The connection is gone.</summary>
    public void Lost(long nowUs)
    {
        if (!_isConnected)
            return;
        (_isConnected, _lostUs) = (false, nowUs);
        SayAll();
        Offer();
    }

    /// <summary>Others follow the authority of this process.</summary>
    public void HasCompany()
    {
        if (!_isAlone || _own != _best.Id)
            return;
        _isAlone = false;
        SayAll();
    }

    /// <summary>A member is connected with this peer.</summary>
    public void LinkUp(string peerId)
    {
        _links[peerId] = new HeardLink();
        _effects.Add(new Say(peerId));
    }

    /// <summary>And no more.</summary>
    public void LinkDown(string peerId)
    {
        if (_links.Remove(peerId))
            Offer();
    }

    /// <summary>This machine has other addresses than before: whoever follows the authority of this process has to know.</summary>
    public void Roamed(IEnumerable<string> ownUrls)
    {
        if (_own == _best.Id)
            _urls.Add(ownUrls, first: true);
        SayAll();
    }

    /// <summary>A member says what it knows.</summary>
    public void Hear(string peerId, Word word, long nowUs)
    {
        if (!_links.TryGetValue(peerId, out var link) || word.Rank.Epoch > _best.Epoch + Limits.MaxEpochStep)
            return;
        (link.Word, link.HeardUs) = (word, nowUs);
        if (word.IsOwn && (_takers.Count < 64 || _takers.ContainsKey(word.Rank.Id)))
            _takers[word.Rank.Id] = peerId;
        if (word.Rank.Id == _best.Id)
        {
            // Where it has moved to is said by the peer that it runs in.
            if (_own != _best.Id && _urls.Add(word.Urls, word.IsOwn) && !_isConnected && (word.IsOwn || word.IsConnected))
                Attempt(word.Rank, _urls.All, false, nowUs, link);
            Offer();
        }
        else
        {
            Consider(word, link, nowUs);
            Offer();
        }
    }

    /// <summary>A server of old has answered where it thinks that the room is.</summary>
    /// <param name="url">The server that was asked.</param>
    /// <param name="answer">What it said.</param>
    /// <param name="nowUs">When.</param>
    public void Answered(string url, Rendezvous answer, long nowUs)
    {
        if (answer.Rank.Id == _best.Id)
        {
            if (_own != _best.Id && answer.Urls.Count == 0)
                _urls.Add([url], first: false);
            // A fleet tells where else to look should this server go.
            else if (_own != _best.Id && _isConnected && url == _urls.All[0])
                _urls.Renew(answer.Urls);
            Offer();
            return;
        }

        IReadOnlyList<string> urls = answer.Urls.Count > 0 ? answer.Urls : [url];
        if (_isAlone && _own == _best.Id && answer is { Members: 0, Urls.Count: 0 })
            // A server that stands by itself is worth more than one in a lone listener's peer; it is brought what is known.
            Attempt(answer.Rank, urls, false, nowUs, null);
        else
            Consider(new Word(answer.Rank, urls, IsConnected: true), null, nowUs);
    }

    /// <summary>Time has passed.</summary>
    /// <param name="nowUs">The time.</param>
    /// <param name="candidates">Everyone who is known, this peer among them.</param>
    public void Tick(long nowUs, IReadOnlyList<Candidate> candidates)
    {
        if (nowUs - _saidUs >= SayEveryUs)
        {
            _saidUs = nowUs;
            SayAll();
        }

        foreach (var link in _links.Values.Where(l => l.Word is not null && l.Word.Rank.Id != _best.Id && nowUs - l.HeardUs < WordHoldsUs))
            Consider(link.Word!, link, nowUs);
        Offer();
        AskElsewhere(nowUs, candidates);
        if (!_isConnected && _lostUs is { } lostUs)
            TakeOverIfDue(nowUs, lostUs, candidates);
    }

    private void TakeOverIfDue(long nowUs, long lostUs, IReadOnlyList<Candidate> candidates)
    {
        var reached = Fresh(nowUs).Where(w => w is { IsConnected: true, IsAlone: false })
            .OrderByDescending(w => w.Rank, Comparer<AuthorityRank>.Create((a, b) => a.CompareTo(b))).FirstOrDefault();
        if (reached?.Rank.Id == _best.Id)
        {
            // The room is alive where others are, though this peer does not get there: a second one would tear it apart. Should they
            // lose it, too, they wait from then on, and so does this one.
            _lostUs = nowUs;
            return;
        }

        if (_isStarting || nowUs < _startAgainUs || nowUs < lostUs + PatienceUs)
            return;
        if (reached is { Urls.Count: > 0 })
        {
            Attempt(reached.Rank, reached.Urls, ComesHome(reached), nowUs, null);
            return;
        }

        var order = Order(candidates, nowUs);
        if (nowUs < lostUs + PatienceUs + Math.Max(0, order.IndexOf(Self)) * TurnUs)
            return;
        _isStarting = true;
        _effects.Add(new StartServer(_best.Epoch + 1));
    }

    /// <summary>Who would take over, the first first; of those that answer.</summary>
    internal List<string> Order(IReadOnlyList<Candidate> candidates, long nowUs) => Candidate.InOrder(candidates.Where(c =>
        c.PeerId == Self || (_links.TryGetValue(c.PeerId, out var link) && link.Word is not null && nowUs - link.HeardUs < WordHoldsUs)));

    private void Consider(Word word, HeardLink? link, long nowUs)
    {
        if (word.Urls.Count > 0 && Follows(word))
            Attempt(word.Rank, word.Urls, ComesHome(word), nowUs, link);
    }

    private bool Follows(Word word)
    {
        if (_isAlone && _own == _best.Id && _isConnected)
            return word.IsAlone ? word.Rank.Outranks(_best) : word.IsConnected || word.IsOwn;
        return word.Rank.Outranks(_best) && (!_isConnected || !word.IsAlone);
    }

    private bool ComesHome(Word word) => !word.Rank.Outranks(_best);

    // A link whose word was followed in vain a few times is not heeded any more; what it says may send this peer anywhere.
    private void Attempt(AuthorityRank rank, IReadOnlyList<string> urls, bool comesHome, long nowUs, HeardLink? link)
    {
        var (nextUs, waitUs) = _attempts.GetValueOrDefault(rank.Id, (long.MinValue, RetryUs));
        if (nowUs < nextUs || (link is not null && link.Vain.Count >= MaxVain && !link.Vain.Contains(rank.Id)))
            return;
        if (_attempts.Count >= 256)
            _attempts.Clear();
        _attempts[rank.Id] = (nowUs + waitUs, Math.Min(RetryMostUs, 2 * waitUs));
        link?.Vain.Add(rank.Id);
        _effects.Add(new MoveTo(rank, urls, comesHome));
    }

    // One asks for all: the host's peer, and any that runs a server.
    private void AskElsewhere(long nowUs, IReadOnlyList<Candidate> candidates)
    {
        if (!_isConnected || nowUs - _askedUs < AskEveryUs || !(_own is not null || candidates.Any(c => c.PeerId == Self && c.IsHost)))
            return;
        _askedUs = nowUs;
        var told = _isAlone && _own == _best.Id ? null : new Rendezvous(_best.Epoch, _best.Id, _urls.All);
        foreach (var url in _elsewhere.All)
            _effects.Add(new Ask(url, told));
        if (_own is { } own && own != _best.Id && _ownUrl is { } ownUrl && !_elsewhere.All.Contains(ownUrl))
            _effects.Add(new Ask(ownUrl, told));
    }

    private IEnumerable<Word> Fresh(long nowUs) => _links.Values.Where(l => nowUs - l.HeardUs < WordHoldsUs).Select(l => l.Word).OfType<Word>();

    // While others are connected with it, the authority lives: elsewhere there is only what would tear the room apart.
    private void Offer()
    {
        var lives = _links.Values.Any(l => l.Word is { IsConnected: true } word && word.Rank.Id == _best.Id);
        IReadOnlyList<string> all = lives || _isConnected ? _urls.All : [.. _urls.All.Concat(_elsewhere.All).Distinct().Take(Limits.MaxUrls)];
        if (all.Count == 0 || all.SequenceEqual(_tried))
            return;
        _tried = all;
        _effects.Add(new TryThese(all));
    }

    private void SayAll() => _effects.Add(new Say(null));
}
