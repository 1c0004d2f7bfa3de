// The agents by the names that people read.

const AGENTS = {
  SearchAgent: "Search",
  AnalysisAgent: "Analysis",
  DocumentSearchAgent: "Document search",
  AnalyticsAgent: "Analytics",
  CrossReferenceAgent: "Cross-reference",
  FolderAgent: "Folders",
};

export const named = (agent) => AGENTS[agent] ?? agent.replace(/Agent$/, "");
