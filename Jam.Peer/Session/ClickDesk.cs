using System.Text.Json;
using Jam.Peer.Playback;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Whose wish to compare loudspeakers this peer answers by clicking, too.</summary>
public enum ClickConsent
{
    /// <summary>The host's at any time, everyone's while the room does not play.</summary>
    Host,

    /// <summary>Everyone's.</summary>
    Anyone,

    /// <summary>Nobody's.</summary>
    Nobody,
}

/// <summary>
/// Two peers that click in turn, so that ears can compare them. Whoever calibrates asks another member by BLOB, again every two
/// seconds: <c>{"clicks":"start","second":false}</c>; that one answers <c>yes</c> or <c>no</c>, and plays on when it is told <c>stop</c>, when
/// the other is gone, or when it has not been asked for a while. Time and room come as arguments; any thread may call.
/// </summary>
/// <param name="consent">Whose wish is answered.</param>
/// <param name="click">Begins to click, or ends.</param>
/// <param name="notice">Lines for people.</param>
internal sealed class ClickDesk(ClickConsent consent, Action<ClickPattern?> click, Action<string> notice)
{
    private const long AskEveryUs = 2_000_000;
    private const long PatienceUs = 7_000_000;

    private readonly Lock _gate = new();
    private bool _isOwn;
    private bool _isFirst;
    private bool _refuses;
    private string? _partner;
    private string? _answer;
    private long _askedSinceUs;
    private long _nextAskUs;
    private string? _said;
    private (string Peer, string Name, long LastUs)? _answered;

    /// <summary>Which member to compare with, by name; null: the room's host, or where this peer is that, whoever comes first.</summary>
    public string? Named { get; set; }

    /// <summary>Whether this peer clicks, by its own wish or another's.</summary>
    public bool IsOn
    {
        get
        {
            lock (_gate)
                return _isOwn || _answered is not null;
        }
    }

    /// <summary>Somebody at this peer begins to calibrate, or ends it, or ends that another one does.</summary>
    /// <param name="on">Whether it begins.</param>
    /// <param name="isHost">Whether this peer is the one to compare with.</param>
    public void Set(bool on, bool isHost)
    {
        lock (_gate)
        {
            if (!on)
                _refuses |= !_isOwn && _answered is not null;
            (_isOwn, _isFirst, _nextAskUs, _askedSinceUs, _said) = (on, isHost, 0, 0, null);
            _answered = null;
            click(!on ? null : isHost ? ClickPattern.First : ClickPattern.Second);
        }
    }

    /// <summary>What is to be sent now; asked four times a second.</summary>
    public Blob? Look(RoomState room, long nowUs)
    {
        lock (_gate)
        {
            if (_answered is { } by && (nowUs - by.LastUs > PatienceUs || !room.Others.ContainsKey(by.Peer)))
                EndAnswer();
            if (_isOwn)
                return nowUs < _nextAskUs || room.PeerId is null ? null : Ask(room, nowUs);
            var partner = _partner;
            (_partner, _answer) = (null, null);
            return partner is null ? null : Tell(partner, "stop");
        }
    }

    /// <summary>Something that a member has sent; null where it is not about clicks, else what is to be answered, if anything.</summary>
    public (bool IsOurs, Blob? Answer) Take(BlobRelay blob, RoomState room, long nowUs)
    {
        if (!blob.IsPrivate || !room.Others.TryGetValue(blob.From, out var member) || Parse(blob.Data) is not { } said)
            return (false, null);
        lock (_gate)
        {
            return (true, said.Word switch
            {
                "start" => Answer(member, said.IsSecond, room, nowUs),
                "stop" => Stopped(member),
                "yes" => Agreed(member),
                "no" => Declined(member, said.Why),
                _ => null,
            });
        }
    }

    private Blob? Ask(RoomState room, long nowUs)
    {
        _nextAskUs = nowUs + AskEveryUs;
        var partner = Partner(room);
        if (partner is null)
        {
            Say(Named is { } name ? $"nobody here is called {name}; 'members' lists who is" : "nobody else is here to compare with yet");
            return null;
        }
        if (partner.PeerId != _partner)
            (_partner, _answer, _askedSinceUs) = (partner.PeerId, null, nowUs);
        if (_answer is null && nowUs - _askedSinceUs > PatienceUs)
            Say($"{partner.Name} does not answer; type 'calibrate' there, too");
        return Tell(partner.PeerId, "start", isSecond: _isFirst);
    }

    private Member? Partner(RoomState room)
    {
        var others = room.Others.Values;
        if (Named is { } name)
            return others.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase));
        // Who was asked stays asked, also when another one becomes the host.
        return others.FirstOrDefault(m => m.PeerId == _partner)
            ?? others.OrderBy(m => m.Role == Role.Host ? 0 : 1).ThenBy(m => m.JoinSeq).FirstOrDefault();
    }

    private Blob? Answer(Member member, bool isSecond, RoomState room, long nowUs)
    {
        if (_isOwn)
            return Tell(member.PeerId, "yes");
        if (_answered is { } by && by.Peer != member.PeerId)
            return Tell(member.PeerId, "no", why: "it compares with somebody else");
        if (WhyNot(member, room) is { } why)
            return Tell(member.PeerId, "no", why: why);
        if (_answered is null)
        {
            notice($"{member.Name} compares loudspeakers: this one clicks instead of playing until that ends ('calibrate off' ends it here)");
            click(isSecond ? ClickPattern.Second : ClickPattern.First);
        }
        _answered = (member.PeerId, member.Name, nowUs);
        return Tell(member.PeerId, "yes");
    }

    private string? WhyNot(Member member, RoomState room)
    {
        if (_refuses || consent == ClickConsent.Nobody)
            return "it does not want to";
        var isPlaying = room.Timeline?.Current.Status == PlaybackStatus.Play;
        return consent == ClickConsent.Anyone || member.Role == Role.Host || !isPlaying
            ? null
            : "the room plays; pause it first, or start that one with --calibrate-with anyone";
    }

    private Blob? Stopped(Member member)
    {
        if (_answered is { } by && by.Peer == member.PeerId)
            EndAnswer();
        return null;
    }

    private Blob? Agreed(Member member)
    {
        if (!_isOwn || member.PeerId != _partner || _answer == "yes")
            return null;
        _answer = "yes";
        notice($"{member.Name} clicks on the {(_isFirst ? "second" : "first")} of four beats, this peer on the {(_isFirst ? "first" : "second")}, both on the third");
        return null;
    }

    private Blob? Declined(Member member, string? why)
    {
        if (!_isOwn || member.PeerId != _partner)
            return null;
        _answer = "no";
        Say($"{member.Name} does not click: {why ?? "it does not say why"}");
        return null;
    }

    private void EndAnswer()
    {
        notice($"{_answered!.Value.Name} has compared; playing again");
        _answered = null;
        click(null);
    }

    // Once, however often it is asked.
    private void Say(string line)
    {
        if (line == _said)
            return;
        _said = line;
        notice(line);
    }

    private static Blob Tell(string to, string word, bool? isSecond = null, string? why = null)
    {
        var more = isSecond is { } second ? $",\"second\":{(second ? "true" : "false")}" : "";
        return new Blob($"{{\"clicks\":\"{word}\"{more}{(why is null ? "" : $",\"why\":\"{JsonEncodedText.Encode(why)}\"")}}}", to);
    }

    private static (string? Word, bool IsSecond, string? Why)? Parse(string data)
    {
        if (!data.Contains("\"clicks\"", StringComparison.Ordinal))
            return null;
        try
        {
            using var json = JsonDocument.Parse(data);
            if (json.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("clicks", out var word)
                || word.ValueKind != JsonValueKind.String)
                return null;
            var why = root.TryGetProperty("why", out var text) && text.ValueKind == JsonValueKind.String ? Names.Clean(text.GetString(), 120) : null;
            return (word.GetString(), root.TryGetProperty("second", out var second) && second.ValueKind == JsonValueKind.True, why);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            // What is no such message is shown as it is.
            return null;
        }
    }
}
