"""Planted instructions: text that poses as system, tool or authority, addresses the machine past the person, or tells
it to drop what it was told.

Rules describe shapes and are built for precision: honest talk about instructions, prompts, systems and permissions must
pass.
"""

from __future__ import annotations

import re

from pdp.intent.patterns import found, rule

_TOLD = (
    r"(?:\w{0,2}nstructions?|prompts?|rules?|directives?|guidelines?|commands?|orders?|polic(?:y|ies)|messages?"
    r"|context|training|programming|constraints?|restrictions?|safeguards?|guard ?rails?)"
)
_EARLIER = (
    r"(?:previous(?:ly)?|prior|above|earlier|preceding|former|foregoing|initial|original|past|existing|system|safety"
    r"|your)"
)
_DROP = r"(?<!not )(?<!n't )(?<!never )\b(?:ignore|disregard|forget|overlook|override|discard|drop|neglect|abandon)"
_DROP_WORDS = "ignore disregard forget overlook override discard drop neglect abandon"
_MACHINE = r"(?:ai|llm|language model|chatbot|ai agent|ai assistant|llm agent|ai model|assistant|bot)s?"
_MARK = r"(?:^|\n|[.!?)\]\"'] )\[?"

_RULES = (
    # It is told to drop what it was told.
    rule(
        _DROP_WORDS,
        rf"{_DROP}(?: (?:all|any|every|each|of|the|these|those|that|about|and|our|everything))* {_EARLIER}(?: (?:and",
        rf"|or|following|later|any|all|the|{_EARLIER}))* {_TOLD}\b",
    ),
    rule(
        _DROP_WORDS,
        rf"{_DROP} (?:everything|anything|all|whatever)(?: that)?",
        r"(?: (?:you|i|we|they|were|was|have|has|had|been|written|said|told|learned|learnt|know|instructed|you've",
        r"|we've)){1,5}\b",
    ),
    rule(
        _DROP_WORDS,
        rf"{_DROP} (?:(?:everything|anything|all)(?: (?:said|written|stated|from))?|(?:all |any |the |your |these ",
        rf"|those )*{_TOLD}) (?:above|before|so far|you (?:got|were|have|received)|i",
        r" gave you)\b",
    ),
    rule("instead new instruction instructions", r"\b(?:new|updated|real|actual|following) instructions? ?: (?=\w)"),
    rule(
        "task goal objective persona role",
        r"\byour (?:new|real|actual|true) (?:task|goal|objective|instructions?|role|persona|rules)\b",
    ),
    rule(
        "task query",
        r"\b(?:the )?(?:previous|original|first) task (?:has been|was|is) (?:now )?(?:complete|finish|cancel|solved)",
        r"|\bnew user query\b",
    ),
    # Chat markup that only a runtime writes.
    rule(
        "<", r"<\|?/?(?:im_start|im_end|system|assistant|endoftext|eot_id|start_header_id|end_header_id)\|?>|<</?sys>>"
    ),
    rule(
        "<",
        r"</?(?:system|assistant|developer|tool|function)[-_ ](?:prompt|message|note|results?|output|response|calls?",
        r"|reminder|override|instructions?)>|</?(?:information|instructions?|important|secret|hidden|override)>",
    ),
    rule("[", r"\[/?(?:inst|system[_ ](?:message|prompt|note))\]|(?:^|\n|[.!?] )\[/?system\]"),
    rule(
        "#",
        r"(?<!#)#{2,8} ?\(?(?:system|assistant|developer|new|instruction|response|human|user)s?[ _-]?",
        r"(?:message|prompt|note|instructions?)?\)?(?: ?:|$|\n|(?<=\)))",
    ),
    rule("`", r"```\s?(?:system|assistant|user|developer|tool_output|tool)\b"),
    rule(
        "note message notice prompt override update output response result alert directive instruction",
        _MARK + r"(?:system|assistant|developer|tool|admin|administrator|root|compliance|security)[ -]"
        r"(?:note|message|notice|prompt|override|update|output|response|result|alert|directive",
        r"|instruction)s?\b[^.\n:]{0,40}\]?:",
    ),
    rule(
        "override",
        r"\b(?:system|security|safety|policy|admin|root|emergency|compliance) override\b(?! (?:file|setting|flag|key",
        r"|value|param))",
    ),
    rule(":", r"(?:^|\n|[.!?)\]] )(?:system|assistant|ai|observation|action input|human) ?: "),
    rule(
        "prompt input output",
        r"\b(?:begin|start|end) of (?:system|user|tool|assistant) (?:prompt|message|input|output|instructions?)\b",
    ),
    # Another self.
    rule(
        "now henceforth longer",
        r"(?:^|[.!?:;,\n'\"(\[] ?)you are (?:now|henceforth|no longer) (?:an? |the |in |my |acting|operating|running",
        r"|free|bound|dan\b|root\b|admin|unrestricted|authori[sz]ed|allowed|permitted|subject|restricted|limited)",
    ),
    rule(
        "from",
        r"\bfrom (?:now|here|this (?:point|moment)) on(?:wards?)?,? you (?:are|act|can|have to|must|should|may|shall"
        r"|do",
        r" not|don't|obey|answer only)\b",
    ),
    rule(
        "act behave respond answer operate pretend",
        r"\b(?:act|behave|respond|answer|operate|pretend) (?:as|like|to be) (?:if you were )?(?:an? ",
        r"|the )?(?:unrestricted|unfiltered|uncensored|jailbroken|evil|dan\b|root user|superuser)",
    ),
    rule(
        "mode",
        r"\b(?:developer|debug|god|dan|jailbreak|unrestricted|maintenance|override|sudo|admin|root",
        r"|unsafe) mode\W{0,2} ?(?:is |has been |now |: ?)?(?:on|enabled|activated|active|engaged|unlocked)\b",
    ),
    rule(
        "anything rails guardrails safeguards restrictions filters checks",
        r"\bdo anything now\b|\b(?:guard ?rails?|safeguards|restrictions|safety (?:filters?|checks?)) (?:are ",
        r"|is )?(?:now )?(?:off|lifted|suspended)\b",
    ),
    rule(
        "pretend imagine",
        r"\b(?:pretend|imagine) (?:that )?(?:you (?:are|have)|to (?:be|have)) [^.\n]{0,60}\b(?:no|without|not bound by",
        r"|free (?:of|from)) (?:any )?(?:rules|restrictions|limits|limitations|filters|policies|guard ?rails?)\b",
    ),
    rule(
        "rules restrictions guidelines policies",
        r"\b(?:do|does|need|needs) not (?:have to |need to )?(?:abide by|follow|obey|comply with|respect) (?:the |any ",
        r"|your |these |those |all )*(?:rules|restrictions|guidelines|policies)\b",
    ),
    # Authority is claimed.
    rule(
        "developer developers creator creators maker administrator administrators admin vendor provider owner operator"
        " system",
        r"\b(?:this|the following|what follows|message|note)(?: \w+)? (?:is|comes) (?:a (?:message|note|request",
        r"|instruction) )?(?:directly |straight )?(?:from|by) (?:me, )?(?:your (?:developers?|creators?|makers?|owner",
        r"|operator|administrators?|admins?|vendor|provider)|the (?:system|developers?|administrators?))\b",
        r"|\bi(?:'m| am) your (?:developer|creator|maker|administrator|admin|operator)\b",
    ),
    rule(
        "message notice instruction",
        r"\b(?:important|urgent|official|secret) (?:message|notice|instruction)s? (?:from me\b|(?:to|for) (?:you",
        r"|the (?:ai|assistant|model|agent))\b)",
    ),
    rule(
        "authorise authorize authorised authorized permit allow grant order command instruct approve require direct",
        r"\bas (?:an?|the|your) (?:[\w-]+ )?(?:admin|administrator|developer|owner|operator|supervisor|manager|ceo",
        r"|director|officer|superuser|engineer),? i (?:hereby |now )?(?:authori[sz]e|permit|allow|grant|order|command",
        r"|instruct|approve|give you|direct|require)\b",
    ),
    rule("code", r"\b(?:authori[sz]ation|override|clearance|master) code[: ]+(?:is )?[\w-]*\d"),
    rule(
        "hereby",
        r"\b(?:is|are|be) hereby (?:authori[sz]ed|approved|given|granted|permitted|ordered|instructed|lifted|waived)\b",
        r"|\bi hereby (?:authori[sz]e|grant|permit|approve|allow)\b",
    ),
    rule(
        "authorised authorized permitted cleared approved",
        r"\byou are (?:(?:already|fully|explicitly|pre-?|hereby|now) ?)+(?:authori[sz]ed|permitted|cleared|approved)\b",
        r"|\bas an exception (?:approved|authori[sz]ed|granted)\b|\bpre-?(?:approved",
        r"|authori[sz]ed) by (?:the )?(?:system|security|compliance|management|legal)\b",
    ),
    rule(
        "treat consider regard regarded treated considered",
        r"\b(?:treat|consider|regard) (?:this|that|it|these|those|each|every|all|any|the) [^.\n]{0,50}\bas (?:already",
        r" )?(?:approved|authori[sz]ed|confirmed|trusted|verified|signed off|closed)\b|\b(?:is",
        r"|are) now to be (?:regarded|treated|considered) as\b",
    ),
    rule(
        "human approval confirmation",
        r"\bno (?:human|further|additional|manual) (?:\w+ )?(?:approval|confirmation|review|check|sign-off)?\s?(?:is ",
        r"|are )?(?:needed|required|necessary)\b",
    ),
    rule(
        "yourself",
        r"\byou (?:have to|must|should|can|may) (?:approve|authori[sz]e|sign off|release) (?:them|it|this|that|these",
        r"|everything|all)\b(?: \w+){0,2} yourself\b",
    ),
    rule(
        "granted unlocked",
        r"\b(?:root|admin|administrator|sudo|superuser|full)(?: access| rights| privileges)? (?:granted|unlocked)\b",
    ),
    # The machine is spoken to past the person.
    rule(
        "ai llm llms assistant assistants chatbot chatbots bot bots model models",
        r"\b(?:attention|notice|note|memo|p\.?s\.?|reminder|message|instructions?|important|dear)[ ,:]*(?:to",
        rf"|for)? ?(?:the|any|all|every|this)? ?{_MACHINE}",
        r"(?= ?[:,.!]| (?:that|which|reading|processing|must|should|please|has|have)\b)",
        r"|\b(?:ai|llm)(?:[ -]?(?:agents?|assistants?|models?|systems?))? (?:must|shall|has to|have to|needs? to|is to",
        r"|are to) (?:first |now |always |also )?\w+",
    ),
    rule("attention", r"\battention,? (?:all )?(?:ai |llm )?agents?\b"),
    rule(
        "reads read sees processes receives opens parses handles",
        r"\b(?:any|every|an?|all|the) (?:ai|llm|agents?|assistants?|bots?|language models?)(?: \w+)? (?:that|who"
        r"|which)",
        r" (?:reads?|sees?|process(?:es)?|receives?|opens?|parses?|handles?) (?:this|it)\b",
        r"|\b(?:ai|agent|assistant)s?: once you have read\b",
    ),
    rule(
        "ai llm bot model",
        r"\bif you(?:'re| are) an? (?:\w+ )?(?:ai|llm|language model|bot)(?: \w+)?, (?:you|please|then|do|call|send",
        r"|ignore|include|also)\b|(?:^|[\s'\"(\[])(?:ai|llm) ?: (?:you|please|when|once|after|before|do|ignore|must)\b",
    ),
    rule(
        "yourself earlier already",
        r"\breminder (?:from|to) yourself\b|\byou (?:(?:have|had) )?(?:already )?(?:decided|agreed|confirmed"
        r"|concluded)",
        r" (?:earlier|already|previously)\b",
    ),
    rule(
        "before",
        r"\bbefore (?:you )?(?:can )?(?:solv|do|complet|continu|answer|proceed|finish|tackl)\w* (?:with )?(?:the|your",
        r"|this|my|that) (?:\w+ )?(?:task|request|question|query|instructions?)\b[^.\n]{0,80}\b(?:do|perform|execute",
        r"|complete) the following\b",
    ),
    rule(
        "adhere follow obey comply execute",
        r"\b(?:strictly |must |exactly ){1,2}(?:adhere to|follow|obey|comply with|execute) (?:the|these|this",
        r"|my) (?:following|below|next|new) (?:\w+ )?(?:instructions?|commands?|orders?|directives?)\b",
    ),
    rule("executed", r"\b(?:to be )?executed by (?:any|the|every) (?:\w+ )?(?:agent|assistant|ai|model)\b"),
    rule(
        "tell inform notify alert mention report reveal show",
        r"\b(?:do not|don't|never|without) (?:ever )?(?:tell|inform|notify|alert|mention|report|reveal",
        r"|show)(?:ing)? (?:this |it |that |any of this |anything )?(?:to )?(?:the|your) (?:user|owner|principal",
        r"|operator|human|developer)\b",
    ),
    rule(
        "prompt instructions",
        r"\byour (?:system prompt|(?:initial|hidden|original|secret|internal|system) instructions)\b",
    ),
    rule(
        "decoded decode decrypt decrypted decoding reversed",
        r"\b(?:do|execute|perform|carry out|follow|run) (?:what|whatever|as) (?:this|it|that|the \w+) (?:says|tells",
        r"|asks|reads)\b[^.\n]{0,40}\b(?:decod|decrypt|revers)\w*",
    ),
)

_SIGNS = re.compile(r"[<\[#`:]")


def planted_instruction(text: str, words: frozenset[str]) -> bool:
    """Whether ``text`` holds a planted instruction. ``words`` are its lower-case words."""
    return any(found(_RULES, text, words.union(_SIGNS.findall(text))))
