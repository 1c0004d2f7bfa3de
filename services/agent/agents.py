"""The agents: who does what, as people are told of it and as models are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Args:
        display_name: as people read it.
        prompt: what a model is told of its work, for the tools it has.
        tools: names of its tools.
    """

    name: str
    display_name: str
    prompt: str
    tools: tuple[str, ...]


_TABLE = (
    Agent(
        "SearchAgent",
        "Search",
        "Finds pictures by what they show, their colours, dates and text. Search before you say that there is none.",
        ("search_images",),
    ),
    Agent(
        "AnalysisAgent",
        "Analysis",
        "Looks closely at pictures that were found or chosen, one by one or against each other.",
        ("analyze_images", "compare_images"),
    ),
    Agent(
        "DocumentSearchAgent",
        "Document search",
        "Finds passages in documents and reads pages. Quote word for word and cite the page.",
        ("search_documents", "outline_document", "read_document_page", "list_documents"),
    ),
    Agent(
        "AnalyticsAgent",
        "Analytics",
        "Counts pictures by month, by what they show, by folder or type, and tells what is used.",
        ("count_images", "usage_statistics"),
    ),
    Agent(
        "CrossReferenceAgent",
        "Cross-reference",
        "Knows which pictures and documents belong together; links them and takes links away.",
        ("find_links", "find_related_documents", "link_image_to_document", "unlink_image_from_document"),
    ),
    Agent(
        "FolderAgent",
        "Folders",
        "Keeps the library in order: folders, where pictures lie, their titles, and what is thrown away.",
        (
            "list_folders",
            "list_folder_images",
            "create_folder",
            "rename_folder",
            "move_folder",
            "delete_folder",
            "move_images_to_folder",
            "delete_images",
            "update_image",
        ),
    ),
)
AGENTS = {agent.name: agent for agent in _TABLE}
AGENT_OF = {tool: agent.name for agent in _TABLE for tool in agent.tools}


def display_name(agent: str) -> str:
    """As people read it."""
    return AGENTS[agent].display_name if agent in AGENTS else agent


def in_words() -> str:
    """The agents as a model is told of them."""
    return "\n".join(f"- {agent.name}: {agent.prompt}" for agent in AGENTS.values())
